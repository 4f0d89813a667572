"""Text beside speech: the phoneme encoder, and what it asks of the tokens.

Two losses at the token rate (SecoustiCodec, III; research on frame labels instead of a diagonal):

* *phones*: a small reader must name the phone at each 20 ms from the tokens;
* *contrast*: a token's embedding must find the text embedding of its own moment among all moments
  of the batch, and the text its speech. Moments with the same phones are the same text.

All of it exists in training only; a released codec has no text inside.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from codec.rates import HOP_SAMPLES, Rate
from codec.speaking.phones import PHONES
from training.phones import UNKNOWN

SHARED_DIMS = 128
READER_CHANNELS = 256
LABELS_PER_READING = 2  # the reader names a phone each 20 ms
MOST_MOMENTS = 512  # in one contrast: the matrix is square
COLDEST = math.log(1 / 0.03)
PADDING = len(PHONES)  # the embedding of an unknown label


class TextTerms(NamedTuple):
    phones: Tensor  # cross entropy, nats
    contrast: Tensor  # symmetric, nats
    named: Tensor  # share of known labels that the reader named


class TextEncoder(nn.Module):
    """Phone labels at 10 ms int64 ``[B, T]`` -> text embedding ``[B, T / factor, 128]``."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(PHONES) + 1, SHARED_DIMS)
        self.context = nn.ModuleList(
            nn.Conv1d(SHARED_DIMS, SHARED_DIMS, 9, padding=4) for _ in "ab"
        )
        self.shorten = nn.Conv1d(SHARED_DIMS, SHARED_DIMS, factor, stride=factor)

    def forward(self, labels: Tensor) -> Tensor:
        x = self.embed(labels).transpose(1, 2)
        for convolution in self.context:
            x = x + F.gelu(convolution(x))
        return F.normalize(self.shorten(x).transpose(1, 2).float(), dim=-1)


class TextAlignment(nn.Module):
    """Compares the quantised tokens of one rate with the phones that were spoken."""

    def __init__(self, rate: Rate) -> None:
        super().__init__()
        factor = rate.token_samples // HOP_SAMPLES
        self.readings = factor // LABELS_PER_READING  # phones to name in each token
        self.text = TextEncoder(factor)
        self.read = nn.Conv1d(len(rate.levels), READER_CHANNELS, 3, padding=1)
        self.mix = nn.Conv1d(READER_CHANNELS, READER_CHANNELS, 3, padding=1)
        self.name = nn.Linear(READER_CHANNELS, self.readings * len(PHONES))
        self.share = nn.Linear(READER_CHANNELS, SHARED_DIMS)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.1)))

    def forward(self, quantised: Tensor, labels: Tensor) -> TextTerms:
        """Tokens ``[B, N, dims]`` and phone labels uint8 ``[B, N * factor]`` (255: unknown).

        Without a known label both losses are zero.
        """
        hidden = self.hear(quantised)
        batch, tokens = quantised.shape[:2]
        spoken = labels.long()[:, ::LABELS_PER_READING].reshape(batch, tokens, self.readings)
        named_as = self.name(hidden).reshape(batch, tokens, self.readings, -1)
        phones, named = _naming(named_as, spoken)
        speech, text = self.pair(hidden, labels)
        return TextTerms(phones, self._contrast(speech, text, spoken), named)

    def hear(self, quantised: Tensor) -> Tensor:
        """Tokens ``[B, N, dims]`` -> what is heard in them ``[B, N, 256]``."""
        hidden = F.gelu(self.read(quantised.transpose(1, 2)))
        return (hidden + F.gelu(self.mix(hidden))).transpose(1, 2)

    def pair(self, hidden: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors ``[B, N, 128]`` of what is heard and of what is written at each token."""
        speech = F.normalize(self.share(hidden).float(), dim=-1)
        return speech, self.text(labels.long().masked_fill(labels == UNKNOWN, PADDING))

    def _contrast(self, speech: Tensor, text: Tensor, spoken: Tensor) -> Tensor:
        known = (spoken != UNKNOWN).all(-1).flatten().nonzero()[:, 0]
        if not len(known):
            return speech.sum() * 0
        if len(known) > MOST_MOMENTS:
            known = known[:: -(-len(known) // MOST_MOMENTS)]
        moments = spoken.flatten(0, 1)[known]
        same = (moments[:, None] == moments[None]).all(-1)
        scale = self.log_scale.clamp(max=COLDEST).exp()
        alike = scale * speech.flatten(0, 1)[known] @ text.flatten(0, 1)[known].T
        return 0.5 * (_found(alike, same) + _found(alike.T, same))


def _naming(logits: Tensor, spoken: Tensor) -> tuple[Tensor, Tensor]:
    """Cross entropy and accuracy over the known labels."""
    known = spoken != UNKNOWN
    if not known.any():
        return logits.sum() * 0, logits.new_zeros(())
    logits, spoken = logits[known].float(), spoken[known]
    return F.cross_entropy(logits, spoken), (logits.argmax(-1) == spoken).float().mean()


def _found(alike: Tensor, same: Tensor) -> Tensor:
    """Negative log of the probability that falls on any of a row's own moments."""
    own = alike.masked_fill(~same, -torch.inf)
    return (alike.logsumexp(1) - own.logsumexp(1)).mean()
