"""Our own codec as one more system, every bit of its token stream counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from codec.bench.metrics.intrusive import Wave
from codec.bench.peers.base import Coded
from codec.codec import Codec, load_codec
from codec.entropy.coding import encode_stream
from codec.entropy.prior import prior_of
from codec.rates import DELAY_SAMPLES, SAMPLE_RATE_HZ, rate_named


def secousti_systems(rates: Sequence[str], weights: Path | None = None) -> list[Secousti]:
    """Our codec at the named ``rates``, from the packaged weights or from ``weights``.

    ``weights`` is a folder with ``low.safetensors`` and ``high.safetensors``, or one such file.
    Raises :class:`SecoustiError` for an unknown rate or weights that are missing or damaged.
    """
    return [Secousti(load_rate(rate, weights)) for rate in rates]


def load_rate(rate: str, weights: Path | None) -> Codec:
    """The codec of ``rate``; ``weights`` may be a file or a folder of ``RATE.safetensors``."""
    rate_named(rate)
    if weights is not None and weights.is_dir():
        weights = weights / f"{rate}.safetensors"
    return load_codec(rate, weights=weights)


@dataclass(frozen=True)
class Secousti:
    """One operating point. The codec itself takes its 40 ms delay out of a whole signal."""

    codec: Codec
    family: str = "Secousti"
    streaming: bool = True
    delay_samples: int = DELAY_SAMPLES
    sample_rate_hz: int = SAMPLE_RATE_HZ
    note: str = "voice codewords counted"

    @property
    def name(self) -> str:
        return f"secousti-{self.codec.rate.name}"

    def code(self, wave: Wave) -> Coded:
        """See :meth:`codec.bench.peers.base.System.code`."""
        tokens = self.codec.encode(torch.from_numpy(wave))
        coded = 8 * len(encode_stream(tokens, prior_of(tokens.rate)))
        return Coded(self.codec.decode(tokens)[0].numpy(), tokens.bits_sent, coded)
