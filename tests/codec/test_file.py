"""``.sec`` files: exact, small, and every damage is told."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from codec.entropy.coding import decode_stream, encode_stream
from codec.entropy.prior import prior_of
from codec.errors import SecoustiError
from codec.file import from_bytes, read_sec, to_bytes, write_sec
from codec.rates import LOW, RATES
from codec.tokens import Tokens, tokens_needed, voices_needed
from tests.codec.entropy.conftest import random_prior, sure_prior, twos


def some_tokens(rate: str, samples: int, seed: int = 0) -> Tokens:
    draw = torch.Generator().manual_seed(seed)
    count = tokens_needed(rate, samples)
    codes = torch.randint(0, 2 ** RATES[rate].token_bits, (1, count), generator=draw)
    voice = torch.randint(0, 2**16, (1, voices_needed(rate, count)), generator=draw)
    return Tokens(codes, voice, rate, samples)


@given(st.sampled_from(sorted(RATES)), st.integers(1, 100_000), st.integers(0, 1000))
def test_round_trip(rate: str, samples: int, seed: int) -> None:
    tokens = some_tokens(rate, samples, seed)
    assert from_bytes(to_bytes(tokens)).equals(tokens)


@pytest.mark.parametrize(("rate", "limit_bps"), [("low", 273), ("high", 1092)])
def test_ten_seconds_with_every_byte_of_the_file_keep_the_promise(
    rate: str, limit_bps: float
) -> None:
    assert len(to_bytes(some_tokens(rate, 160_000))) * 8 / 10 <= limit_bps


def test_every_single_bit_flip_is_noticed() -> None:
    data = to_bytes(some_tokens("low", 8000))
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SecoustiError):
            from_bytes(bytes(damaged))


def test_every_truncation_is_noticed() -> None:
    data = to_bytes(some_tokens("high", 8000))
    for length in range(len(data)):
        with pytest.raises(SecoustiError):
            from_bytes(data[:length])


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"RIFF....WAVE", "not a .sec file"), (b"SEC", "truncated"), (b"", "not a .sec file")],
)
def test_foreign_files_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.sec"
    path.write_bytes(content)
    with pytest.raises(SecoustiError, match=words) as caught:
        read_sec(path)
    assert str(path) in str(caught.value)


def test_a_newer_version_asks_for_an_update() -> None:
    data = bytearray(to_bytes(some_tokens("low", 800)))
    data[3] = 9 << 4 | 1
    with pytest.raises(SecoustiError, match=r"version 9.*update"):
        from_bytes(bytes(data))


def test_writing_leaves_no_half_file(tmp_path: Path) -> None:
    path = tmp_path / "x.sec"
    assert write_sec(path, some_tokens("low", 1600)) == path.stat().st_size
    assert [p.name for p in tmp_path.iterdir()] == ["x.sec"]


def test_a_missing_file_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="cannot read"):
        read_sec(tmp_path / "nothing.sec")


@pytest.fixture(params=sorted(RATES))
def coded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Tokens:
    """Tokens that the packaged prior, replaced here by a sure one, holds likely."""
    monkeypatch.setattr("codec.file.prior_of", lambda name: sure_prior(RATES[name]))
    return twos(RATES[request.param], 40_000)


def test_a_coded_file_is_shorter_and_comes_back(coded: Tokens) -> None:
    data = to_bytes(coded, coded=True)
    assert len(data) < 0.6 * len(to_bytes(coded))
    assert from_bytes(data).equals(coded)


def test_every_flip_and_cut_of_a_coded_file_is_noticed(coded: Tokens) -> None:
    data = to_bytes(coded, coded=True)
    flipped = [bytearray(data) for _ in range(8 * len(data))]
    for bit, copy in enumerate(flipped):
        copy[bit // 8] ^= 1 << bit % 8
    for damaged in [*map(bytes, flipped), *(data[:end] for end in range(len(data)))]:
        with pytest.raises(SecoustiError):
            from_bytes(damaged)


def test_tokens_that_the_prior_did_not_expect_are_written_plainly(coded: Tokens) -> None:
    surprising = some_tokens(coded.rate, 40_000)
    assert to_bytes(surprising, coded=True) == to_bytes(surprising)


def test_another_prior_is_told_apart_from_damage(
    coded: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = to_bytes(coded, coded=True)
    monkeypatch.setattr("codec.file.prior_of", lambda name: random_prior(RATES[name]))
    with pytest.raises(SecoustiError, match=r"coded with the prior .* wrote it"):
        from_bytes(data)


def test_a_coded_file_whose_bytes_do_not_fit_its_length_is_told(coded: Tokens) -> None:
    data = to_bytes(coded, coded=True)
    for stream in (data[4:-4] + b"more bytes", data[4:12]):
        body = data[:4] + stream
        with pytest.raises(SecoustiError, match=r"coded tokens|length"):
            from_bytes(body + zlib.crc32(body).to_bytes(4, "big"))


def test_a_missing_prior_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codec.entropy.prior.WEIGHTS_DIR", tmp_path)
    prior_of.cache_clear()
    with pytest.raises(SecoustiError, match="no prior at"):
        to_bytes(twos(LOW, 800), coded=True)


@pytest.mark.parametrize("rate", sorted(RATES))
def test_the_packaged_priors_code_anything_exactly(rate: str) -> None:
    prior_of.cache_clear()
    tokens, prior = some_tokens(rate, 20_000), prior_of(rate)
    data = encode_stream(tokens, prior)
    back = decode_stream(data, tokens.codes.shape[1], 20_000, prior)
    assert back is not None and back.equals(tokens)
