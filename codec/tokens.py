"""Tokens of one signal, and the bits they cost."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from codec.rates import DELAY_SAMPLES, SAMPLE_RATE_HZ, VOICE_BITS, rate_named


@dataclass(frozen=True)
class Tokens:
    """Semantic codes int64 ``[B, N]`` and voice codewords int64 ``[B, V]`` of ``samples`` samples.

    The stream they travel in interleaves them by :mod:`codec.rates`; codeword v belongs to the v-th
    packet that carries one.
    """

    codes: Tensor
    voice: Tensor
    rate: str
    samples: int

    @property
    def bits_sent(self) -> int:
        """Bits on the token stream for one signal of the batch, side channel included."""
        return self.codes.shape[1] * rate_named(self.rate).token_bits + (
            self.voice.shape[1] * VOICE_BITS
        )

    @property
    def seconds(self) -> float:
        return self.samples / SAMPLE_RATE_HZ

    @property
    def bps(self) -> float:
        return self.bits_sent / max(self.seconds, 1 / SAMPLE_RATE_HZ)

    def equals(self, other: Tokens) -> bool:
        """Same rate, length and every code."""
        return (
            (self.rate, self.samples) == (other.rate, other.samples)
            and torch.equal(self.codes, other.codes)
            and torch.equal(self.voice, other.voice)
        )


def tokens_needed(rate_name: str, samples: int) -> int:
    """Tokens that cover ``samples`` of signal and the codec's delay behind it."""
    return -(-(samples + DELAY_SAMPLES) // rate_named(rate_name).token_samples)


def voices_needed(rate_name: str, tokens: int) -> int:
    """Voice codewords that fall into the first ``tokens`` tokens of a stream."""
    rate = rate_named(rate_name)
    packets = -(-tokens // rate.tokens_per_packet)
    return sum(rate.carries_voice(index) for index in range(packets))


def shortened(tokens: Tokens, signal: int, samples: int) -> Tokens:
    """The first ``samples`` samples of one signal of a batch."""
    count = tokens_needed(tokens.rate, samples)
    voices = voices_needed(tokens.rate, count)
    row = slice(signal, signal + 1)
    return Tokens(tokens.codes[row, :count], tokens.voice[row, :voices], tokens.rate, samples)
