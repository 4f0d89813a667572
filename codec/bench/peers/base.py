"""What the benchmark asks of any codec: code a waveform, say how many bits were sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from codec.bench.metrics.intrusive import Wave
from codec.errors import SecoustiError

Pcm16 = npt.NDArray[np.int16]


class PeerMissingError(SecoustiError):
    """A peer cannot run here: what is missing and how to get it. The benchmark goes on without."""


@dataclass(frozen=True)
class Coded:
    """One decoded clip: ``wave`` float32 ``[T]`` as long as the original, and the bits sent.

    ``coded_bits``: the same after lossless coding, where a codec has one for files.
    """

    wave: Wave
    bits: int
    coded_bits: int | None = None


class System(Protocol):
    """One codec at one operating point.

    ``delay_samples`` is the fixed delay at 16 kHz that :meth:`code` has already taken out;
    ``sample_rate_hz`` is what the codec works at inside; ``note`` says which implementation ran.
    """

    @property
    def name(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def streaming(self) -> bool: ...
    @property
    def delay_samples(self) -> int: ...
    @property
    def sample_rate_hz(self) -> int: ...
    @property
    def note(self) -> str: ...

    def code(self, wave: Wave) -> Coded:
        """Encode and decode ``wave`` float32 ``[T]`` at 16 kHz from a fresh state."""


def to_pcm16(wave: Wave) -> Pcm16:
    """Float ``[T]`` in [-1, 1] to 16-bit samples ``[T]``."""
    return np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16)


def from_pcm16(pcm: Pcm16) -> Wave:
    """16-bit samples ``[T]`` to float ``[T]`` in [-1, 1]."""
    return (pcm / np.float32(32768)).astype(np.float32)


def frames(pcm: Pcm16, frame_samples: int, delay_samples: int) -> Pcm16:
    """Cut ``pcm`` ``[T]`` into whole frames ``[F, frame_samples]``.

    Zeros are added behind, enough for the last true sample to come out after ``delay_samples``.
    """
    count = -(-(len(pcm) + delay_samples) // frame_samples)
    padded = np.zeros(count * frame_samples, dtype=np.int16)
    padded[: len(pcm)] = pcm
    return padded.reshape(count, frame_samples)


def undelayed(wave: Wave, delay_samples: int, length: int) -> Wave:
    """``length`` samples of ``wave`` ``[T]`` from ``delay_samples`` on, zeros behind if short."""
    cut = wave[delay_samples : delay_samples + length]
    return np.pad(cut, (0, length - len(cut)))
