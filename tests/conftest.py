"""What every room's tests share: small machines, repeatable examples, speech-like sound."""

from __future__ import annotations

import os
from collections.abc import Callable

# Before any numerical library is loaded: tests run beside each other on two cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("house")


def make_hum(seconds: float, rate_hz: int = 16_000, pitch_hz: float = 120.0) -> np.ndarray:
    """Float32 [T]: a buzzing, syllable-shaped sound with formant-like peaks, peak 0.5."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    buzz = sum(np.sin(2 * np.pi * k * pitch_hz * t) / k for k in range(1, 20))
    syllables = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * t)
    wav = buzz * syllables
    return (0.5 * wav / max(1e-9, np.abs(wav).max(initial=0))).astype(np.float32)


@pytest.fixture
def hum() -> Callable[..., np.ndarray]:
    """:func:`make_hum`, for tests that need sound but no words."""
    return make_hum


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own SECOUSTI_* variables must not change what the tests see."""
    for name in [name for name in os.environ if name.startswith("SECOUSTI_")]:
        monkeypatch.delenv(name)
