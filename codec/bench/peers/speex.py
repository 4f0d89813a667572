"""Speex narrow band through libspeex, 20 ms frames, the bits of its frames counted.

Narrow band because at these rates it scores above Speex's wide band in both PESQ-NB and STOI.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import soxr

from codec.bench.metrics.intrusive import Wave
from codec.bench.peers.base import Coded, frames, from_pcm16, to_pcm16, undelayed
from codec.bench.peers.native import load_library
from codec.rates import SAMPLE_RATE_HZ

CODEC_HZ = 8_000
NARROW_BAND = 0  # SPEEX_MODEID_NB
FRAME_SAMPLES = 160
# From speex.h
SET_QUALITY = 4
SET_COMPLEXITY = 16
GET_LOOKAHEAD = 39
QUALITY_OF_KBPS = {2: 0, 4: 1, 6: 2}  # truly 2.15, 3.95 and 5.95 kbps


class _Bits(ctypes.Structure):
    """``SpeexBits`` of speex_bits.h: a bit string being written or read."""

    _fields_ = (
        ("chars", ctypes.c_void_p),
        ("bit_count", ctypes.c_int),
        ("char_at", ctypes.c_int),
        ("bit_at", ctypes.c_int),
        ("owner", ctypes.c_int),
        ("overflow", ctypes.c_int),
        ("size", ctypes.c_int),
        ("reserved1", ctypes.c_int),
        ("reserved2", ctypes.c_void_p),
    )


def speex_systems() -> list[Speex]:
    """Speex at about 2, 4 and 6 kbps; raises :class:`PeerMissingError` without libspeex."""
    library = load_library("speex", "apt-get install libspeex1")
    library.speex_lib_get_mode.restype = ctypes.c_void_p
    library.speex_encoder_init.restype = ctypes.c_void_p
    library.speex_decoder_init.restype = ctypes.c_void_p
    delay = _lookahead(library)
    return [Speex(library, kbps, delay) for kbps in QUALITY_OF_KBPS]


@dataclass(frozen=True)
class Speex:
    """One quality of narrow-band Speex, complexity 10.

    ``delay_samples`` is the look-ahead that encoder and decoder report, added.
    """

    library: ctypes.CDLL
    kbps: int
    delay_samples: int
    family: str = "Speex"
    streaming: bool = True
    sample_rate_hz: int = CODEC_HZ
    note: str = "libspeex, narrow band"

    @property
    def name(self) -> str:
        return f"speex-{self.kbps}"

    def code(self, wave: Wave) -> Coded:
        """See :meth:`codec.bench.peers.base.System.code`."""
        narrow = soxr.resample(wave, SAMPLE_RATE_HZ, CODEC_HZ)
        pcm = frames(to_pcm16(narrow), FRAME_SAMPLES, self.delay_samples // 2)
        decoded = np.zeros_like(pcm)
        sent = 0
        with _states(self.library) as (encoder, decoder, bits):
            self._configure(encoder)
            for heard, spoken in zip(pcm, decoded, strict=True):
                self.library.speex_bits_reset(ctypes.byref(bits))
                self.library.speex_encode_int(encoder, heard.ctypes, ctypes.byref(bits))
                sent += bits.bit_count
                self.library.speex_bits_rewind(ctypes.byref(bits))
                self.library.speex_decode_int(decoder, ctypes.byref(bits), spoken.ctypes)
        wide = soxr.resample(from_pcm16(decoded.ravel()), CODEC_HZ, SAMPLE_RATE_HZ)
        return Coded(undelayed(wide, self.delay_samples, len(wave)), sent)

    def _configure(self, encoder: ctypes.c_void_p) -> None:
        for setting, value in (
            (SET_QUALITY, QUALITY_OF_KBPS[self.kbps]),
            (SET_COMPLEXITY, 10),
        ):
            self.library.speex_encoder_ctl(encoder, setting, ctypes.byref(ctypes.c_int32(value)))


@contextmanager
def _states(
    library: ctypes.CDLL,
) -> Iterator[tuple[ctypes.c_void_p, ctypes.c_void_p, _Bits]]:
    """A fresh encoder, decoder and bit string, freed afterwards."""
    mode = ctypes.c_void_p(library.speex_lib_get_mode(NARROW_BAND))
    encoder = ctypes.c_void_p(library.speex_encoder_init(mode))
    decoder = ctypes.c_void_p(library.speex_decoder_init(mode))
    bits = _Bits()
    library.speex_bits_init(ctypes.byref(bits))
    try:
        yield encoder, decoder, bits
    finally:
        library.speex_encoder_destroy(encoder)
        library.speex_decoder_destroy(decoder)
        library.speex_bits_destroy(ctypes.byref(bits))


def _lookahead(library: ctypes.CDLL) -> int:
    """Samples at 16 kHz."""
    ahead = ctypes.c_int32()
    behind = ctypes.c_int32()
    with _states(library) as (encoder, decoder, _):
        library.speex_encoder_ctl(encoder, GET_LOOKAHEAD, ctypes.byref(ahead))
        library.speex_decoder_ctl(decoder, GET_LOOKAHEAD, ctypes.byref(behind))
    return (ahead.value + behind.value) * SAMPLE_RATE_HZ // CODEC_HZ
