"""Entropies of codes: exact where they can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from codec.errors import SecoustiError
from codec.rates import LOW
from tests.training.probes.conftest import utterance
from training.probes import codebook as measured
from training.probes.codebook import codebook, entropy_bits, use


def test_every_code_once_is_the_whole_codebook() -> None:
    row = use(np.arange(1024), 5)
    assert (row["entropy_bits"], row["digits_entropy_bits"], row["at_most"]) == (10, 10, 10)
    assert (row["perplexity"], row["share_used"], row["codes_used"]) == (1024, 1, 1024)
    assert row["digit_levels"] == [[0.25] * 4] * 5


def test_one_code_for_ever_carries_nothing() -> None:
    row = use(np.full(100, 513), 5)
    assert (row["entropy_bits"], row["perplexity"], row["codes_used"]) == (0, 1, 1)
    assert row["digit_entropy_bits"] == [0] * 5
    assert str(row["entropy_bits"]) == "0.0"


def test_few_tokens_bound_what_can_be_seen() -> None:
    row = use(np.random.default_rng(0).integers(0, 4**10, 256), 10)
    assert row["entropy_bits"] <= row["at_most"] == 8
    assert row["digits_entropy_bits"] > 19


def test_entropy_is_in_bits() -> None:
    assert entropy_bits(np.array([1, 1, 2])) == pytest.approx(1.5)


def test_bits_a_second_are_tokens_and_voice_together(
    draw: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(rate: str) -> None:
        raise SecoustiError("no prior here: train one")

    monkeypatch.setattr(measured, "prior_of", missing)
    report = codebook(LOW, [utterance(draw) for _ in range(4)])
    bits = report["bits_per_second"]
    assert (bits["nominal"], bits["coded"]) == (262.5, None)
    assert "no prior here" in bits["reason"]
    tokens, voice = report["tokens"]["digits_entropy_bits"], report["voice"]["digits_entropy_bits"]
    assert bits["digits_entropy"] == pytest.approx(25 * tokens + voice / 1.28, abs=0.1)
    assert report["voice"]["codes_used"] == 1
