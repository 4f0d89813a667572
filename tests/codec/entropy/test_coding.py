"""Whole streams: exact under any prior, with any number of tokens."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from codec.entropy import coding
from codec.entropy.coding import coded_bits, decode_stream, encode_stream, voice_in_force
from codec.entropy.prior import Prior
from codec.rates import HIGH, LOW, RATES
from codec.tokens import Tokens, voices_needed
from tests.codec.entropy.conftest import random_prior

PRIORS = {name: random_prior(rate) for name, rate in RATES.items()}


def some_tokens(rate: str, count: int, seed: int = 0) -> Tokens:
    draw = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, 2 ** RATES[rate].token_bits, (1, count), generator=draw)
    voice = torch.randint(0, 2**16, (1, voices_needed(rate, count)), generator=draw)
    return Tokens(codes, voice, rate, 1)


@given(st.sampled_from(sorted(RATES)), st.integers(1, 150), st.integers(0, 1000))
def test_streams_come_back_exactly(rate: str, count: int, seed: int) -> None:
    tokens = some_tokens(rate, count, seed)
    data = encode_stream(tokens, PRIORS[rate])
    back = decode_stream(data, count, 1, PRIORS[rate])
    assert back is not None and back.equals(tokens)


def test_blocks_of_a_long_stream_join_exactly(
    prior: Prior, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = some_tokens(prior.rate.name, 100)
    whole = encode_stream(tokens, prior)
    monkeypatch.setattr(coding, "BLOCK_TOKENS", 13)
    assert encode_stream(tokens, prior) == whole


def test_the_bits_are_those_of_the_bytes(prior: Prior) -> None:
    tokens = some_tokens(prior.rate.name, 100)
    bits, written = coded_bits(tokens, prior), 8 * len(encode_stream(tokens, prior))
    assert abs(written - bits) < 9


def test_a_prior_that_knows_the_stream_makes_it_short() -> None:
    tables = {name: np.zeros_like(t) for name, t in random_prior(LOW).tables.items()}
    tables |= {name: np.ones_like(tables[name]) for name in ("voice_first", "voice_next")}
    even = Prior(LOW, tables)
    tables["score_bias"] = tables["score_bias"].copy()
    tables["score_bias"][:, 2] = 7 << 12  # 7 octaves likelier than the others
    sure = Prior(LOW, tables)
    twos = Tokens(torch.full((1, 60), 0b1010101010), some_tokens("low", 60).voice, "low", 1)
    assert coded_bits(twos, even) == pytest.approx(twos.bits_sent, abs=0.01)
    assert coded_bits(twos, sure) < 0.2 * twos.bits_sent


def test_too_many_and_too_few_bytes_are_noticed(prior: Prior) -> None:
    tokens = some_tokens(prior.rate.name, 200)
    data = encode_stream(tokens, prior)
    assert decode_stream(data + b"12345678", 200, 1, prior) is None
    assert decode_stream(data[: len(data) // 2], 200, 1, prior) is None


def test_the_voice_in_force_follows_the_schedule() -> None:
    assert voice_in_force(LOW, 50)[7:9] == [-1, 0]  # packet 2, at 320 ms
    assert voice_in_force(HIGH, 90)[15:17] == [-1, 0]  # packet 8
    for rate in (LOW, HIGH):
        assert voice_in_force(rate, 500)[-1] + 1 == voices_needed(rate.name, 500)
