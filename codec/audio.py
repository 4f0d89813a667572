"""Audio files at the edge of the house: anything soundfile reads, as 16 kHz mono float32."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
import torch
from torch import Tensor

from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ

MAX_SECONDS = 4 * 3600  # longer is refused before it fills the memory


def read_audio(path: Path) -> Tensor:
    """Float32 ``[T]`` in [-1, 1] at 16 kHz, channels averaged.

    Raises :class:`SecoustiError` when there is no file, it is not audio, is empty, carries NaN or
    infinity, or lasts longer than four hours.
    """
    if not path.is_file():
        raise SecoustiError(f"no audio file at {path}")
    try:
        with sf.SoundFile(path) as file:
            seconds, rate = file.frames / file.samplerate, file.samplerate
            if seconds > MAX_SECONDS:
                raise SecoustiError(
                    f"{path} lasts {seconds / 3600:.1f} h: cut it into parts of at most 4 h"
                )
            wav = file.read(dtype="float32", always_2d=True)
    except (sf.LibsndfileError, RuntimeError) as error:
        raise SecoustiError(
            f"{path} is not audio that can be read ({error}): give wav, flac, ogg, opus or mp3"
        ) from error
    if not len(wav):
        raise SecoustiError(f"{path} holds no samples: record something first")
    if not np.isfinite(wav).all():
        raise SecoustiError(f"{path} carries NaN or infinite samples: repair it first")
    mono = np.clip(wav.mean(axis=1), -1, 1)
    if rate != SAMPLE_RATE_HZ:
        mono = soxr.resample(mono, rate, SAMPLE_RATE_HZ)
    return torch.from_numpy(np.ascontiguousarray(mono, dtype=np.float32))


def write_wav(path: Path, wav: Tensor) -> None:
    """Float32 ``[T]`` or ``[1, T]`` at 16 kHz as a 16-bit wav; written aside, then renamed."""
    samples = wav.detach().reshape(-1).clamp(-1, 1).numpy()
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    os.close(handle)
    try:
        sf.write(aside, samples, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
