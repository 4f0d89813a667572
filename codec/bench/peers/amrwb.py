"""AMR-WB (3GPP TS 26.171) through vo-amrwbenc and opencore-amrwb, 20 ms frames."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np

from codec.bench.metrics.intrusive import Wave
from codec.bench.peers.base import Coded, frames, from_pcm16, to_pcm16, undelayed
from codec.bench.peers.native import load_library
from codec.rates import SAMPLE_RATE_HZ

FRAME_SAMPLES = 320
MAX_FRAME_BYTES = 64
MODE_660 = 0
SPEECH_BITS = 132  # of a 6.60 kbps frame: the storage format's type byte and padding do not count
DELAY_SAMPLES = 95  # 5 ms of look-ahead and the resampling filters; measured by correlation

ENCODER_ADVICE = "apt-get install libvo-amrwbenc0"
DECODER_ADVICE = "pip install av, or apt-get install libopencore-amrwb0"


def amrwb_systems() -> list[AmrWb]:
    """AMR-WB at 6.60 kbps; raises :class:`PeerMissingError` without both libraries."""
    encoding = load_library("vo-amrwbenc", ENCODER_ADVICE)
    decoding = load_library("opencore-amrwb", DECODER_ADVICE)
    encoding.E_IF_init.restype = ctypes.c_void_p
    decoding.D_IF_init.restype = ctypes.c_void_p
    return [AmrWb(encoding, decoding)]


@dataclass(frozen=True)
class AmrWb:
    """The 6.60 kbps mode, without discontinuous transmission."""

    encoding: ctypes.CDLL
    decoding: ctypes.CDLL
    name: str = "amrwb-6.6"
    family: str = "AMR-WB"
    streaming: bool = True
    delay_samples: int = DELAY_SAMPLES
    sample_rate_hz: int = SAMPLE_RATE_HZ
    note: str = "vo-amrwbenc, opencore-amrwb"

    def code(self, wave: Wave) -> Coded:
        """See :meth:`codec.bench.peers.base.System.code`."""
        pcm = frames(to_pcm16(wave), FRAME_SAMPLES, self.delay_samples)
        decoded = np.zeros_like(pcm)
        encoder = ctypes.c_void_p(self.encoding.E_IF_init())
        decoder = ctypes.c_void_p(self.decoding.D_IF_init())
        packet = ctypes.create_string_buffer(MAX_FRAME_BYTES)
        try:
            for heard, spoken in zip(pcm, decoded, strict=True):
                self.encoding.E_IF_encode(encoder, MODE_660, heard.ctypes, packet, 0)
                self.decoding.D_IF_decode(decoder, packet, spoken.ctypes, 0)
        finally:
            self.encoding.E_IF_exit(encoder)
            self.decoding.D_IF_exit(decoder)
        wave_out = undelayed(from_pcm16(decoded.ravel()), self.delay_samples, len(wave))
        return Coded(wave_out, len(pcm) * SPEECH_BITS)
