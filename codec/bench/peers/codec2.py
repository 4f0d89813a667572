"""Codec2 through the ``pycodec2`` wheel: parametric, 8 kHz, the bits of its frames counted."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np
import soxr

from codec.bench.metrics.intrusive import Wave
from codec.bench.peers.base import Coded, PeerMissingError, frames, from_pcm16, to_pcm16, undelayed
from codec.rates import SAMPLE_RATE_HZ

CODEC_HZ = 8_000
MODES = (700, 1300, 2400, 3200)  # 700 is the mode called 700C
# A parametric codec has no waveform to correlate, so this is the lag at which STOI is highest,
# found to 2.5 ms over eight LibriSpeech clips.
DELAY_SAMPLES = {700: 480, 1300: 320, 2400: 320, 3200: 320}


def codec2_systems() -> list[Codec2]:
    """Codec2 700C, 1300, 2400 and 3200; raises :class:`PeerMissingError` without pycodec2."""
    if importlib.util.find_spec("pycodec2") is None:
        raise PeerMissingError("the package pycodec2 is not installed: pip install pycodec2")
    return [Codec2(mode, DELAY_SAMPLES[mode]) for mode in MODES]


@dataclass(frozen=True)
class Codec2:
    """One mode of Codec2."""

    mode: int
    delay_samples: int
    family: str = "Codec2"
    streaming: bool = True
    sample_rate_hz: int = CODEC_HZ
    note: str = "pycodec2"

    @property
    def name(self) -> str:
        return f"codec2-{self.mode}"

    def code(self, wave: Wave) -> Coded:
        """See :meth:`codec.bench.peers.base.System.code`."""
        import pycodec2

        codec = pycodec2.Codec2(self.mode)
        narrow = soxr.resample(wave, SAMPLE_RATE_HZ, CODEC_HZ)
        pcm = frames(to_pcm16(narrow), codec.samples_per_frame(), self.delay_samples // 2)
        packets = [codec.encode(frame) for frame in pcm]
        decoded = np.concatenate([codec.decode(packet) for packet in packets])
        wide = soxr.resample(from_pcm16(decoded), CODEC_HZ, SAMPLE_RATE_HZ)
        bits = len(packets) * int(codec.bits_per_frame())
        return Coded(undelayed(wide, self.delay_samples, len(wave)), bits)
