"""Opus (RFC 6716) through libopus, 20 ms frames, whole packets counted."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from codec.bench.metrics.intrusive import Wave
from codec.bench.peers.base import Coded, PeerMissingError, frames, from_pcm16, to_pcm16, undelayed
from codec.bench.peers.native import load_library
from codec.rates import SAMPLE_RATE_HZ

FRAME_SAMPLES = 320
MAX_PACKET_BYTES = 1275
KBPS = (6, 8, 12)

# From opus_defines.h
APPLICATION_VOIP = 2048
SET_BITRATE = 4002
SET_COMPLEXITY = 4010
GET_LOOKAHEAD = 4027


def opus_systems() -> list[Opus]:
    """Opus at 6, 8 and 12 kbps; raises :class:`PeerMissingError` without libopus."""
    library = _library()
    with _encoder(library, 6000) as encoder:
        lookahead = ctypes.c_int32()
        library.opus_encoder_ctl(encoder, GET_LOOKAHEAD, ctypes.byref(lookahead))
    version = library.opus_get_version_string().decode()
    return [Opus(library, kbps, lookahead.value, version) for kbps in KBPS]


@dataclass(frozen=True)
class Opus:
    """One bit rate of Opus: variable rate, complexity 10, speech mode, the encoder's defaults else.

    ``delay_samples`` is the look-ahead that the encoder itself reports.
    """

    library: ctypes.CDLL
    kbps: int
    delay_samples: int
    note: str
    family: str = "Opus"
    streaming: bool = True
    sample_rate_hz: int = SAMPLE_RATE_HZ

    @property
    def name(self) -> str:
        return f"opus-{self.kbps}"

    def code(self, wave: Wave) -> Coded:
        """See :meth:`codec.bench.peers.base.System.code`."""
        pcm = frames(to_pcm16(wave), FRAME_SAMPLES, self.delay_samples)
        decoded = np.zeros_like(pcm)
        packet = ctypes.create_string_buffer(MAX_PACKET_BYTES)
        sent = 0
        with _encoder(self.library, 1000 * self.kbps) as encoder, _decoder(self.library) as decoder:
            for heard, spoken in zip(pcm, decoded, strict=True):
                size = self.library.opus_encode(
                    encoder, heard.ctypes, FRAME_SAMPLES, packet, MAX_PACKET_BYTES
                )
                sent += size
                self.library.opus_decode(decoder, packet, size, spoken.ctypes, FRAME_SAMPLES, 0)
        return Coded(
            undelayed(from_pcm16(decoded.ravel()), self.delay_samples, len(wave)), 8 * sent
        )


def _library() -> ctypes.CDLL:
    library = load_library("opus", "pip install av, or apt-get install libopus0")
    library.opus_encoder_create.restype = ctypes.c_void_p
    library.opus_decoder_create.restype = ctypes.c_void_p
    library.opus_get_version_string.restype = ctypes.c_char_p
    return library


@contextmanager
def _encoder(library: ctypes.CDLL, bps: int) -> Iterator[ctypes.c_void_p]:
    error = ctypes.c_int()
    encoder = ctypes.c_void_p(
        library.opus_encoder_create(SAMPLE_RATE_HZ, 1, APPLICATION_VOIP, ctypes.byref(error))
    )
    if error.value:
        raise PeerMissingError(f"libopus refused to start an encoder (error {error.value})")
    library.opus_encoder_ctl(encoder, SET_BITRATE, ctypes.c_int32(bps))
    library.opus_encoder_ctl(encoder, SET_COMPLEXITY, ctypes.c_int32(10))
    try:
        yield encoder
    finally:
        library.opus_encoder_destroy(encoder)


@contextmanager
def _decoder(library: ctypes.CDLL) -> Iterator[ctypes.c_void_p]:
    error = ctypes.c_int()
    decoder = ctypes.c_void_p(library.opus_decoder_create(SAMPLE_RATE_HZ, 1, ctypes.byref(error)))
    if error.value:
        raise PeerMissingError(f"libopus refused to start a decoder (error {error.value})")
    try:
        yield decoder
    finally:
        library.opus_decoder_destroy(decoder)
