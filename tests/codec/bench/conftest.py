"""Small recordings on disk, and our codec with untrained weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from codec.audio import read_audio
from codec.bench.manifest import Clip, write_manifest
from codec.bench.peers.secousti import Secousti
from codec.codec import Codec
from codec.model import seeded_model
from codec.rates import HIGH

CALLER = Path(__file__).parents[3] / "secousti" / "data" / "caller" / "turn-1.ogg"


@pytest.fixture(scope="session")
def speech() -> np.ndarray:
    """Three seconds of the bundled caller, float32 ``[48000]``."""
    return read_audio(CALLER).numpy()[:48_000]


@pytest.fixture
def clips(tmp_path: Path, hum: Callable[..., np.ndarray]) -> list[Clip]:
    """Two speakers of 1.5 s, as FLAC files in ``tmp_path``."""
    made = []
    for speaker, pitch_hz in (("low voice", 100.0), ("high voice", 210.0)):
        file = tmp_path / f"{speaker.split()[0]}.flac"
        soundfile.write(file, hum(1.5, pitch_hz=pitch_hz), 16_000)
        made.append(Clip(file.stem, file, "one two three", speaker))
    return made


@pytest.fixture
def manifest(tmp_path: Path, clips: list[Clip]) -> Path:
    """The manifest of ``clips``."""
    path = tmp_path / "manifest.tsv"
    write_manifest(path, clips)
    return path


@pytest.fixture(scope="session")
def untrained() -> Secousti:
    """Our codec at the high rate, with seeded random weights."""
    return Secousti(Codec(seeded_model(HIGH)))
