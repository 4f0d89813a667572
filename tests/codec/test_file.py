"""``.sec`` files: exact, small, and every damage is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import SecoustiError
from codec.file import from_bytes, read_sec, to_bytes, write_sec
from codec.rates import RATES
from codec.tokens import Tokens, tokens_needed, voices_needed


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
