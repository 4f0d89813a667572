"""Audio files at the edge of the house: anything soundfile reads, as 16 kHz mono float32."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ

MAX_SECONDS = 4 * 3600  # longer is a mistake more often than a wish
BLOCK_SECONDS = 10  # what is held of a recording at a time


def read_audio(path: Path) -> Tensor:
    """Float32 ``[T]`` in [-1, 1] at 16 kHz, channels averaged.

    Raises :class:`SecoustiError` when there is no file, it is not audio, is empty, carries NaN or
    infinity, or lasts longer than four hours.
    """
    return torch.cat(list(audio_blocks(path)))


def audio_seconds(path: Path) -> float:
    """How long a recording lasts; raises :class:`SecoustiError` as :func:`read_audio` does."""
    with _opened(path) as file:
        seconds: float = file.frames / file.samplerate
    if seconds > MAX_SECONDS:
        raise SecoustiError(
            f"{path} lasts {seconds / 3600:.1f} h: cut it into parts of at most 4 h"
        )
    return seconds


def audio_blocks(path: Path) -> Iterator[Tensor]:
    """What :func:`read_audio` gives, in blocks ``[T]`` of about ten seconds."""
    if not audio_seconds(path):
        raise SecoustiError(f"{path} holds no samples: record something first")
    with _opened(path) as file:
        rate_hz = file.samplerate
        other = (
            soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1) if rate_hz != SAMPLE_RATE_HZ else None
        )
        for block in file.blocks(BLOCK_SECONDS * rate_hz, dtype="float32", always_2d=True):
            mono = _mono(path, block)
            yield torch.from_numpy(other.resample_chunk(mono) if other else mono)
        if other:
            yield torch.from_numpy(other.resample_chunk(np.zeros(0, np.float32), last=True))


def write_wav(path: Path, wav: Tensor) -> None:
    """Float32 ``[T]`` or ``[1, T]`` at 16 kHz as a 16-bit wav; written aside, then renamed."""
    write_blocks(path, [wav])


def write_blocks(path: Path, blocks: Iterable[Tensor]) -> None:
    """Float32 ``[T]`` or ``[1, T]`` after each other, as :func:`write_wav`."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    os.close(handle)
    kind = {"format": "WAV", "subtype": "PCM_16"}
    try:
        with sf.SoundFile(aside, "w", SAMPLE_RATE_HZ, channels=1, **kind) as file:
            for block in blocks:
                file.write(block.detach().reshape(-1).clamp(-1, 1).numpy())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


@contextmanager
def _opened(path: Path) -> Iterator[sf.SoundFile]:
    """``path`` open for reading; what libsndfile says of it, now or later, as a fault."""
    if not path.is_file():
        raise SecoustiError(f"no audio file at {path}")
    try:
        with sf.SoundFile(path) as file:
            yield file
    except (sf.LibsndfileError, RuntimeError) as error:
        raise SecoustiError(
            f"{path} is not audio that can be read ({error}): give wav, flac, ogg, opus or mp3"
        ) from error


def _mono(path: Path, block: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the channels of ``[T, C]``, in [-1, 1]."""
    if not np.isfinite(block).all():
        raise SecoustiError(f"{path} carries NaN or infinite samples: repair it first")
    mono: NDArray[np.float32] = np.clip(block.mean(axis=1), -1, 1)
    return mono
