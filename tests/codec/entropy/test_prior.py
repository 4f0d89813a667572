"""The prior's numbers are whole and the same however they are found."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from codec.entropy.prior import (
    ACTIVATION_BITS,
    ADDED,
    CLIP,
    DILATIONS,
    RECEPTIVE_TOKENS,
    WEIGHT_BITS,
    Exact,
    Ints,
    Prior,
    load_prior,
)
from codec.entropy.shares import codes_of, digits_of, shares_of_scores
from codec.errors import SecoustiError
from codec.rates import HIGH, LOW, RATES
from tests.codec.entropy.conftest import random_prior


def some_input(prior: Prior, tokens: int = 50, seed: int = 1) -> tuple[Ints, Ints]:
    draw = np.random.default_rng(seed)
    before = draw.integers(0, 4, (tokens, prior.digits))
    voice = draw.integers(0, 4, (tokens, 8))
    before[0], voice[:9] = -1, -1
    return before, voice


def in_steps(prior: Prior, before: Ints, voice: Ints, step: int) -> Exact:
    state, found = prior.begin(), []
    for at in range(0, len(before), step):
        context, state = prior.contexts(before[at : at + step], voice[at : at + step], state)
        found.append(context)
    return np.concatenate(found)


@pytest.mark.parametrize("step", [1, 2, 7, 33])
def test_any_batch_shape_gives_the_same_bits(prior: Prior, step: int) -> None:
    before, voice = some_input(prior)
    whole = in_steps(prior, before, voice, 1000)
    assert np.array_equal(in_steps(prior, before, voice, step), whole)
    assert np.array_equal(whole, np.floor(whole))


def test_only_the_last_tokens_are_seen(prior: Prior) -> None:
    before, voice = some_input(prior, 80)
    whole = in_steps(prior, before, voice, 80)
    window = slice(80 - RECEPTIVE_TOKENS, 80)
    assert np.array_equal(in_steps(prior, before[window], voice[window], 80)[-1], whole[-1])


def by_unbounded_integers(prior: Prior, before: Ints, voice: Ints) -> list[list[list[int]]]:
    """The same network in Python's own integers, which never round: nested lists, no BLAS."""
    unit = {n: 1 << ACTIVATION_BITS if n in ADDED else 1 for n in prior.tables}
    table = {n: t.astype(object) * unit[n] for n, t in prior.tables.items()}

    def fixed(total: np.ndarray) -> np.ndarray:
        return np.clip(total >> WEIGHT_BITS, -CLIP, CLIP)

    frames = []
    for digits, heard in zip(before.tolist(), voice.tolist(), strict=True):
        total = table["start"] * int(digits[0] < 0)
        for name, levels in (("embed", digits), ("voice", heard)):
            for digit, level in enumerate(levels):
                total = total + (table[name][digit][level] if level >= 0 else 0)
        frames.append(fixed(total))
    x = np.array(frames)
    for layer, dilation in enumerate(DILATIONS):
        earlier = np.concatenate([np.zeros((dilation, x.shape[1]), object), x])[: len(x)]
        first, second = table[f"mix.{layer}"]
        y = fixed(earlier.dot(first) + x.dot(second) + table[f"mix_bias.{layer}"])
        y = np.maximum(y, 0).dot(table[f"join.{layer}"]) + table[f"join_bias.{layer}"]
        x = np.clip(x + fixed(y), -CLIP, CLIP)
    read = x.dot(table["read"]).reshape(len(x), prior.digits, -1) + table["read_bias"]
    found: list[list[list[int]]] = read.tolist()
    return found


def test_float64_finds_what_unbounded_integers_find(prior: Prior) -> None:
    before, voice = some_input(prior, 20)
    exact = by_unbounded_integers(prior, before, voice)
    assert in_steps(prior, before, voice, 20).astype(np.int64).tolist() == exact


PROGRAM = """
import hashlib, numpy as np
from tests.codec.entropy.conftest import random_prior
from tests.codec.entropy.test_prior import in_steps, some_input
from codec.rates import HIGH
prior = random_prior(HIGH, channels=160, hidden=48)
print(hashlib.sha256(in_steps(prior, *some_input(prior, 600), 300).tobytes()).hexdigest())
"""


def test_the_number_of_threads_changes_nothing() -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, "3")  # the tests themselves run on one
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    prior = random_prior(HIGH, channels=160, hidden=48)
    here = in_steps(prior, *some_input(prior, 600), 7)
    assert printed == hashlib.sha256(here.tobytes()).hexdigest()


def test_shares_are_whole_positive_and_ordered_as_the_scores() -> None:
    scores = np.array([[0, 1 << 20, -(40 << 20), 3 << 19]], np.float64)
    shares = shares_of_scores(scores)[0]
    assert shares.dtype == np.int64
    assert shares.min() >= 1
    assert shares.argmax() == 3 and shares.argmin() == 2
    assert shares[3] / shares[1] == pytest.approx(2**0.5, rel=0.001)


def test_digits_are_those_of_the_quantiser() -> None:
    codes = np.arange(1024)
    assert np.array_equal(codes_of(digits_of(codes, 5)), codes)
    assert digits_of(np.array(7), 5).tolist() == [3, 1, 0, 0, 0]


def test_a_prior_is_known_by_its_tables() -> None:
    assert random_prior(LOW).fingerprint == random_prior(LOW).fingerprint
    assert random_prior(LOW).fingerprint != random_prior(LOW, seed=1).fingerprint


@pytest.mark.parametrize("rate", sorted(RATES))
def test_a_stored_prior_is_the_same(tmp_path: Path, rate: str) -> None:
    prior = random_prior(RATES[rate])
    save_file(prior.tables, tmp_path / "p.safetensors")
    assert load_prior(RATES[rate], tmp_path / "p.safetensors").fingerprint == prior.fingerprint


def test_what_is_no_prior_is_told(tmp_path: Path) -> None:
    path = tmp_path / "p.safetensors"
    with pytest.raises(SecoustiError, match="no prior at"):
        load_prior(LOW, path)
    path.write_bytes(b"no tables at all")
    with pytest.raises(SecoustiError, match="not a readable"):
        load_prior(LOW, path)
    save_file(random_prior(HIGH).tables, path)
    with pytest.raises(SecoustiError, match="no prior of rate low"):
        load_prior(LOW, path)
    tables = random_prior(LOW).tables
    save_file(tables | {"voice_first": np.zeros_like(tables["voice_first"])}, path)
    with pytest.raises(SecoustiError, match="no share at all"):
        load_prior(LOW, path)
