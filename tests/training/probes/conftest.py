"""Made-up utterances whose tokens say exactly what they are told to say."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest

from codec.rates import LOW
from training.probes.data import Spoken
from training.probes.net import ProbeConfig

TINY = ProbeConfig(steps=160, batch=8, crop_ms=1280, channels=32, depth=1, lr=1e-2)
PHONES_SAID = 6  # kinds of phone, numbered from 1
LABELS_A_TOKEN = LOW.token_samples // 160


def utterance(
    draw: np.random.Generator,
    speaker: str = "a",
    told: bool = True,
    seconds: float = 2.0,
    **row: str,
) -> Spoken:
    """Phones of 80 ms; the tokens name them if ``told`` (else anything), the voice the speaker."""
    count = int(seconds * LOW.token_hz)
    phones = np.repeat(draw.integers(1, PHONES_SAID + 1, -(-count // 2)), 2)[:count]
    names = phones if told else draw.permutation(phones)
    codes = names * 37 + 256 * draw.integers(0, 4, count)  # the last digit says nothing
    voice = np.full(int(seconds), crc32(speaker.encode()) % 65_536)
    pcm = draw.normal(0, 300, int(seconds * 16_000)).astype(np.int16)
    labels = np.repeat(phones, LABELS_A_TOKEN).astype(np.uint8)
    return Spoken(codes, voice, labels, pcm, {"speaker": speaker, "source": "x"} | row)


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(0)


def quiet(done: float) -> None:
    """Hears how far a probe is, and says nothing."""
    assert 0 <= done <= 1
