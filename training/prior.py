"""Fits the prior of :mod:`codec.entropy` to the tokens of a corpus, and writes it as integers.

``secousti train prior`` is the whole way: speech -> tokens (cached) -> a fitted network -> int16
tables beside the codec's weights. Time is counted as CPU time of the process, so that a busy
machine gives an equally good prior, only later.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor

from codec.entropy.coding import coded_bits, voice_in_force
from codec.entropy.prior import UNKNOWN, Prior
from codec.entropy.shares import LEVELS, digits_of
from codec.errors import SecoustiError
from codec.rates import Rate
from codec.tokens import Tokens
from codec.voice import VOICE_LEVELS
from training.prior_net import PriorNet
from training.prior_tokens import TokenCorpus

VOICE_TOTAL = 2**14  # sum of the shares of one voice digit
WARM_UP = 0.03  # share of the time in which the learning rate rises
Pair = tuple[NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True)
class PriorConfig:
    """Sizes and schedule; about a quarter of a million weights, half a megabyte."""

    channels: int = 128
    hidden: int = 40  # of each digit's head
    batch: int = 24  # windows
    window: int = 96  # tokens
    from_start: float = 0.25  # share of the windows moved to the start of their utterance
    lr: float = 4e-3
    held_out: float = 0.02  # share of the utterances that are only measured on


@dataclass(frozen=True)
class Fitted:
    """A prior and what it does on utterances it was not fitted to."""

    prior: Prior
    steps: int
    nominal_bps: float
    coded_bps: float

    @property
    def saved(self) -> float:
        """Share of the nominal bits that coding saves, 0-1."""
        return 1 - self.coded_bps / self.nominal_bps


def fit_prior(
    tokens: TokenCorpus,
    rate: Rate,
    config: PriorConfig,
    cpu_seconds: float,
    report: Callable[[float, int, float], None],
) -> Fitted:
    """Fits for ``cpu_seconds``; ``report`` hears share done, step and bits per token.

    Raises :class:`SecoustiError` for a corpus of fewer than two utterances.
    """
    pairs = [pair for pair in tokens.utterances() if len(pair[0])]
    if len(pairs) < 2:
        raise SecoustiError(f"{len(pairs)} utterances are too few to fit a prior: give at least 2")
    cut = max(1, round(config.held_out * len(pairs)))
    held, learnt = pairs[:cut], pairs[cut:]
    net = PriorNet(rate, config.channels, config.hidden)
    steps = _descend(net, Windows(learnt, rate, config), config, cpu_seconds, report)
    prior = Prior(rate, net.integers() | voice_tables([voice for _, voice in learnt]))
    nominal, coded = measured_bps(held, prior)
    return Fitted(prior, steps, nominal, coded)


def save_prior(path: Path, fitted: Fitted, metadata: dict[str, str]) -> None:
    """Writes the tables aside, then renames; what made them goes with them as metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".partial")
    facts = {
        "steps": str(fitted.steps),
        "nominal_bps": f"{fitted.nominal_bps:.1f}",
        "coded_bps": f"{fitted.coded_bps:.1f}",
    }
    save_file(fitted.prior.tables, aside, metadata=metadata | facts)
    aside.replace(path)


def measured_bps(pairs: Sequence[Pair], prior: Prior) -> tuple[float, float]:
    """Nominal and coded bits per second over utterances, each coded from its own start."""
    nominal = coded = seconds = 0.0
    for codes, voice in pairs:
        samples = len(codes) * prior.rate.token_samples
        rows = [torch.from_numpy(part.astype(np.int64))[None] for part in (codes, voice)]
        tokens = Tokens(rows[0], rows[1], prior.rate.name, samples)
        nominal += tokens.bits_sent
        coded += coded_bits(tokens, prior)
        seconds += tokens.seconds
    return nominal / seconds, coded / seconds


def voice_tables(voice: Sequence[NDArray[np.int32]]) -> dict[str, NDArray[np.int16]]:
    """Shares of each digit's levels in first codewords, and after each level in later ones."""
    digits = [digits_of(v.astype(np.int64), len(VOICE_LEVELS)) for v in voice]
    first = np.ones((len(VOICE_LEVELS), LEVELS))
    following = np.ones((len(VOICE_LEVELS), LEVELS, LEVELS))
    place = np.arange(len(VOICE_LEVELS))
    for codewords in digits:
        if len(codewords):
            first[place, codewords[0]] += 1
        for old, new in pairwise(codewords):
            following[place, old, new] += 1
    return {"voice_first": _to_shares(first), "voice_next": _to_shares(following)}


def _to_shares(counts: NDArray[np.float64]) -> NDArray[np.int16]:
    shares = counts / counts.sum(axis=-1, keepdims=True) * VOICE_TOTAL
    whole: NDArray[np.int16] = np.maximum(np.round(shares), 1).astype(np.int16)
    return whole


def _descend(
    net: PriorNet,
    windows: Windows,
    config: PriorConfig,
    cpu_seconds: float,
    report: Callable[[float, int, float], None],
) -> int:
    """Adam with a cosine schedule over the time; returns the number of steps."""
    optimiser = torch.optim.AdamW(net.parameters(), lr=config.lr, betas=(0.9, 0.98))
    began, step, done = time.process_time(), 0, 0.0
    while done < 1 or step == 0:
        for group in optimiser.param_groups:
            group["lr"] = (
                config.lr * min(1.0, done / WARM_UP + 0.05) * (1 + math.cos(math.pi * done)) / 2
            )
        before, voice, now = windows(step)
        bits = bits_per_token(net(before, voice, now), now)
        optimiser.zero_grad()
        bits.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        net.clamp()
        step += 1
        done = min(1.0, (time.process_time() - began) / max(1e-9, cpu_seconds))
        report(done, step, bits.item())
    return step


def bits_per_token(scores: Tensor, now: Tensor) -> Tensor:
    """Scores ``[B, T, D, 4]`` in octaves, digits ``[B, T, D]`` -> mean bits of a whole token."""
    nats = F.cross_entropy((math.log(2) * scores).flatten(0, 2), now.flatten())
    return nats * now.shape[-1] / math.log(2)


class Windows:
    """Random windows of utterances end to end: digits before, voice in force, digits now."""

    def __init__(self, pairs: Sequence[Pair], rate: Rate, config: PriorConfig) -> None:
        codes = [digits_of(c.astype(np.int64), len(rate.levels)) for c, _ in pairs]
        none = np.full((1, len(rate.levels)), UNKNOWN)
        self.config, self.now = config, np.concatenate(codes)
        self.before = np.concatenate([np.concatenate([none, c[:-1]]) for c in codes])
        self.voice = np.concatenate([_voice_rows(rate, len(c), v) for c, v in pairs])
        self.starts = np.cumsum([0, *(len(c) for c in codes[:-1])])

    def __call__(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """``before`` ``[B, T, D]``, ``voice`` ``[B, T, 8]`` and ``now`` ``[B, T, D]``."""
        draw = np.random.default_rng((1, step))
        window = min(self.config.window, len(self.now))
        first = draw.integers(0, len(self.now), self.config.batch)
        start = self.starts[np.searchsorted(self.starts, first, side="right") - 1]
        first = np.where(draw.random(len(first)) < self.config.from_start, start, first)
        rows = np.minimum(first, len(self.now) - window)[:, None] + np.arange(window)
        before, voice, now = (
            torch.from_numpy(t[rows]) for t in (self.before, self.voice, self.now)
        )
        return before, voice, now


def _voice_rows(rate: Rate, count: int, voice: NDArray[np.int32]) -> NDArray[np.int64]:
    """The digits of the codeword in force at each of ``count`` tokens, ``[count, 8]``."""
    digits = digits_of(voice.astype(np.int64), len(VOICE_LEVELS))
    none = np.full((1, len(VOICE_LEVELS)), UNKNOWN)
    rows: NDArray[np.int64] = np.concatenate([digits, none])[voice_in_force(rate, count)]
    return rows
