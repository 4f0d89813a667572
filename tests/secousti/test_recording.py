"""Recordings that can be a caller turn, and every kind that cannot."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from codec.errors import SecoustiError
from secousti.recording import read_turn

Hum = Callable[..., np.ndarray]


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_channel_count_is_read(
    tmp_path: Path, hum: Hum, rate_hz: int, channels: int
) -> None:
    wav = np.stack([hum(1.5, rate_hz)] * channels, axis=1)
    soundfile.write(tmp_path / "a.wav", wav, rate_hz)
    turn = read_turn(tmp_path / "a.wav")
    assert turn.wav.dtype == np.float32
    assert turn.wav.ndim == 1
    assert turn.seconds == pytest.approx(1.5, abs=0.01)


def test_clipped_speech_is_still_a_turn(tmp_path: Path, hum: Hum) -> None:
    soundfile.write(tmp_path / "a.wav", np.clip(9 * hum(1.0), -1, 1), 16_000)
    assert np.abs(read_turn(tmp_path / "a.wav").wav).max() <= 1.0


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda path: None, "no file"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b""), "empty|not a sound|cannot"),
        (lambda path: path.write_bytes(b"what a lovely day " * 99), "not .*audio|cannot|sound"),
        (lambda path: soundfile.write(path, np.zeros(0), 16_000), "lasts 0.00 s"),
        (lambda path: soundfile.write(path, np.full(1_600, 0.1), 16_000), "lasts 0.10 s"),
        (lambda path: soundfile.write(path, np.zeros(32_000), 16_000), "silent"),
        (
            lambda path: soundfile.write(path, np.full(16_000, np.nan), 16_000, subtype="FLOAT"),
            "NaN|not a number|finite",
        ),
    ],
    ids=["absent", "folder", "nothing", "text", "no samples", "0.1 s", "silent", "NaN"],
)
def test_what_cannot_be_a_turn_is_told_in_one_line(
    tmp_path: Path, make: Callable[[Path], object], expected: str
) -> None:
    make(tmp_path / "a.wav")
    with pytest.raises(SecoustiError, match=expected) as fault:
        read_turn(tmp_path / "a.wav")
    assert "\n" not in str(fault.value)


def sparse_wav(path: Path, seconds: int) -> None:
    """A silent 16 kHz wav whose samples take no room on the disk."""
    size = 2 * 16_000 * seconds
    form = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1, 16_000,
                       32_000, 2, 16)  # fmt: skip
    with path.open("wb") as file:
        file.write(form + struct.pack("<4sI", b"data", size))
        file.truncate(size + 44)


def test_two_hours_are_refused_without_being_read(tmp_path: Path) -> None:
    sparse_wav(tmp_path / "long.wav", 7200)
    with pytest.raises(SecoustiError, match=r"lasts 7200\.00 s"):
        read_turn(tmp_path / "long.wav")
