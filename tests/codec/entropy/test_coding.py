"""Whole streams: exact under any prior, with any number of tokens."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from codec.entropy import coding
from codec.entropy.coding import coded_bits, decode_stream, encode_stream, voice_in_force
from codec.entropy.prior import Prior
from codec.rates import HIGH, LOW, RATES
from codec.tokens import Tokens, voices_needed
from tests.codec.entropy.conftest import random_prior, sure_prior, twos

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


def test_a_prior_that_knows_the_stream_makes_it_short(prior: Prior) -> None:
    tokens = twos(prior.rate, 64_000)
    data = encode_stream(tokens, sure_prior(prior.rate))
    assert 8 * len(data) < 0.4 * tokens.bits_sent
    back = decode_stream(data, tokens.codes.shape[1], tokens.samples, sure_prior(prior.rate))
    assert back is not None and back.equals(tokens)


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
