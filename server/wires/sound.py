"""How sound lies on a wire that carries no tokens: G.711 or 16-bit samples at some rate, mono.

Companding is a table each way (ITU-T G.711); resampling is soxr's. Its ordinary streaming mode
works in blocks and holds back up to 115 ms; the variable-rate mode used here lags by a constant
10-30 ms and passes and stops the same band.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import soxr
from numpy.typing import NDArray

from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ, Rate

Pcm = NDArray[np.float32]
Encoding = Literal["mulaw", "alaw", "pcm16"]

FULL_SCALE = 32_768
RATES_HZ = (8_000, 96_000)  # what a telephone or a sound card may have


@dataclass(frozen=True)
class PcmFormat:
    """One direction's samples: ``pcm16`` is signed and little-endian; G.711 is 8 kHz in practice.

    Raises:
        SecoustiError: a sample rate outside 8-96 kHz.
    """

    encoding: Encoding
    rate_hz: int

    def __post_init__(self) -> None:
        if not RATES_HZ[0] <= self.rate_hz <= RATES_HZ[1]:
            raise SecoustiError(
                f"sound at {self.rate_hz} Hz: send a sample rate between 8000 and 96000 Hz"
            )

    def __str__(self) -> str:
        return f"{self.encoding}/{self.rate_hz}"

    @property
    def sample_bytes(self) -> int:
        return 2 if self.encoding == "pcm16" else 1

    def bytes_of(self, ms: int) -> int:
        """Bytes of so many milliseconds."""
        return self.rate_hz * ms // 1000 * self.sample_bytes

    def seconds(self, data: bytes) -> float:
        """How long ``data`` sounds."""
        return len(data) / self.sample_bytes / self.rate_hz

    def decode(self, data: bytes) -> Pcm:
        """Float32 ``[T]`` at ``rate_hz``; half a sample at the end is dropped."""
        if self.encoding == "pcm16":
            linear = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
        else:
            linear = DECODE[self.encoding][np.frombuffer(data, np.uint8)]
        pcm: Pcm = linear.astype(np.float32) * np.float32(1 / FULL_SCALE)
        return pcm

    def encode(self, pcm: Pcm) -> bytes:
        """Float32 ``[T]`` at ``rate_hz``; what is over full scale is clipped."""
        scaled = np.clip(np.rint(pcm * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2")
        if self.encoding == "pcm16":
            return scaled.tobytes()
        return ENCODE[self.encoding][scaled.view(np.uint16)].tobytes()


@dataclass(frozen=True)
class PcmSound:
    """Both directions of a call; ``frame_ms`` is how much goes to the caller in one message."""

    up: PcmFormat
    down: PcmFormat
    frame_ms: int = 20


Sound = Rate | PcmSound  # what a wire carries: tokens of one rate, or samples


def format_named(name: str) -> PcmFormat:
    """The format that prints as ``name``, like ``mulaw/8000``.

    Raises:
        SecoustiError: it is none.
    """
    found = re.fullmatch(r"(mulaw|alaw|pcm16)/(\d{4,5})", name)
    if found is None:
        raise SecoustiError(f"unknown sound format {name!r}: expected one like mulaw/8000")
    return PcmFormat(cast(Encoding, found[1]), int(found[2]))


class Resampler:
    """One stream from one rate to another, any chunking; equal rates pass through untouched."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream = None
        if from_hz != to_hz:
            self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", vr=True)

    def push(self, pcm: Pcm) -> Pcm:
        """What comes out for ``pcm``, float32 ``[T]``: a little late, never shifted."""
        return self._run(pcm, last=False)

    def finish(self) -> Pcm:
        """The rest, at the end of the stream."""
        return self._run(np.zeros(0, np.float32), last=True)

    def _run(self, pcm: Pcm, last: bool) -> Pcm:
        if self._stream is None:
            return pcm
        out: Pcm = self._stream.resample_chunk(np.ascontiguousarray(pcm, np.float32), last=last)
        return out


class Cutter:
    """Cuts bytes of any chunking into frames of one size."""

    def __init__(self, size: int) -> None:
        self._size, self._rest = size, bytearray()

    def push(self, data: bytes) -> list[bytes]:
        """The whole frames that ``data`` completes."""
        self._rest += data
        whole = len(self._rest) // self._size * self._size
        done, self._rest = bytes(self._rest[:whole]), self._rest[whole:]
        return [done[at : at + self._size] for at in range(0, whole, self._size)]

    def finish(self, padding: bytes) -> list[bytes]:
        """What is left, filled up to a whole frame with as much of ``padding`` as that takes."""
        missing = -len(self._rest) % self._size
        return self.push(padding[:missing])


def house_samples(sound: PcmFormat, data: bytes) -> int:
    """How many samples at the house's 16 kHz ``data`` lasts."""
    return round(sound.seconds(data) * SAMPLE_RATE_HZ)


# G.711 in the 16-bit range; section 3.2 of the recommendation, tables 1 and 2.


def _mulaw() -> NDArray[np.int16]:
    codes = ~np.arange(256, dtype=np.uint8)
    steps = (((codes & 0x0F).astype(np.int32) << 3) + 0x84) << ((codes & 0x70) >> 4)
    values = np.where(codes & 0x80, 0x84 - steps, steps - 0x84)
    return values.astype(np.int16)


def _alaw() -> NDArray[np.int16]:
    codes = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((codes & 0x70) >> 4).astype(np.int32)
    steps = (codes & 0x0F).astype(np.int32) << 4
    steps = np.where(exponent, (steps + 0x108) << np.maximum(exponent - 1, 0), steps + 8)
    return np.where(codes & 0x80, steps, -steps).astype(np.int16)


def _nearest(table: NDArray[np.int16]) -> NDArray[np.uint8]:
    """The code whose value is nearest to each 16-bit sample, indexed by the sample's bits."""
    order = np.argsort(table, kind="stable")
    values = table[order].astype(np.int32)
    edges = (values[1:] + values[:-1] + 1) // 2
    samples = np.arange(65_536, dtype=np.uint16).view(np.int16)
    return order[np.searchsorted(edges, samples, side="right")].astype(np.uint8)


DECODE: dict[str, NDArray[np.int16]] = {"mulaw": _mulaw(), "alaw": _alaw()}
ENCODE: dict[str, NDArray[np.uint8]] = {name: _nearest(table) for name, table in DECODE.items()}
