"""Phones read from tokens alone: the phone error rate of a small CTC network.

It learns from the training speakers and is tested on the validation speakers, greedily, without a
language model. The reference is what the aligner labelled, runs of one phone taken once and
silence left out. The same network on log-mel shows what it could reach with so little speech.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from codec.bench.metrics.statistics import bootstrap
from codec.bench.metrics.words import WordErrors, word_error_rate, word_errors
from codec.speaking.phones import PHONES, SILENCE
from training.phones import UNKNOWN
from training.probes.data import LABEL_MS, Spoken, View
from training.probes.net import ProbeConfig, Reader, learn

CONFIG = ProbeConfig(steps=1000, batch=16, crop_ms=2400)
BLANK = SILENCE  # nobody has to read silence


class PhoneReader(nn.Module):
    """Rows ``[B, N, c_in]`` -> log probabilities ``[B, T, 40]`` at 50 Hz; class 0 is the blank."""

    def __init__(self, view: View, config: ProbeConfig) -> None:
        super().__init__()
        self.read = Reader(view.channels, view.row_ms, config)
        self.name = nn.Linear(config.channels, len(PHONES))

    def forward(self, rows: Tensor) -> Tensor:
        return F.log_softmax(self.name(self.read(rows)).float(), dim=-1)


def phone_errors(
    view: View,
    learnt: Sequence[Spoken],
    tested: Sequence[Spoken],
    seed: int,
    report: Callable[[float], None],
    config: ProbeConfig,
) -> list[WordErrors]:
    """Errors and phones of every labelled utterance of ``tested``, after learning from ``learnt``.

    ``report`` hears the share done, 0-1.
    """
    torch.manual_seed(seed)
    net = PhoneReader(view, config)
    crops = Crops(view, learnt, config, seed)
    learn(net, lambda step: _ctc(net, *crops(step)), config, report)
    return [
        word_errors(_spelt(phones_in(one.phones)), _spelt(_greedy(net(view.rows(one)[None])[0])))
        for one in tested
        if one.labelled
    ]


def summary(errors: Sequence[WordErrors], sources: Sequence[str]) -> dict[str, Any]:
    """Phone error rate (0-1, may exceed 1) with its interval over utterances.

    ``sources`` names where each utterance is from: read speech of adults is not learners' speech.
    """
    low, high = bootstrap(errors, word_error_rate)
    by_source: dict[str, list[WordErrors]] = defaultdict(list)
    for source, one in zip(sources, errors, strict=True):
        by_source[source].append(one)
    return {
        "phone_error_rate": round(word_error_rate(errors), 4),
        "ci95": [round(low, 4), round(high, 4)],
        "utterances": len(errors),
        "phones": sum(one.words for one in errors),
        "by_source": {
            source: {"phone_error_rate": round(word_error_rate(some), 4), "utterances": len(some)}
            for source, some in by_source.items()
        },
    }


class Crops:
    """Rows ``[B, N, c_in]`` and the phones in each, of labelled utterances, by step."""

    def __init__(
        self, view: View, utterances: Sequence[Spoken], config: ProbeConfig, seed: int
    ) -> None:
        long_enough = [one for one in utterances if one.seconds * 1000 > config.crop_ms + 100]
        self.labelled = [one for one in long_enough if one.labelled]
        self.rows = [view.rows(one).half() for one in self.labelled]
        self.view, self.config, self.seed = view, config, seed

    def __call__(self, step: int) -> tuple[Tensor, list[list[int]]]:
        draw = np.random.default_rng((self.seed, step))
        drawn = [self._crop(draw) for _ in range(self.config.batch)]
        return torch.stack([rows for rows, _ in drawn]), [phones for _, phones in drawn]

    def _crop(self, draw: np.random.Generator) -> tuple[Tensor, list[int]]:
        number = int(draw.integers(len(self.rows)))
        count = self.config.crop_ms // self.view.row_ms
        first = int(draw.integers(len(self.rows[number]) - count + 1))
        labels = self.labelled[number].phones[first * self.view.row_ms // LABEL_MS :]
        heard = labels[: self.config.crop_ms // LABEL_MS]
        return self.rows[number][first : first + count].float(), phones_in(heard)


def phones_in(labels: NDArray[np.uint8]) -> list[int]:
    """Labels at 10 ms -> the phones in their order, without silence and what is unknown."""
    return [int(phone) for phone, _ in groupby(labels) if phone not in (SILENCE, UNKNOWN)]


def _ctc(net: PhoneReader, rows: Tensor, phones: list[list[int]]) -> Tensor:
    scores = net(rows)
    return F.ctc_loss(
        scores.transpose(0, 1),
        torch.tensor([phone for crop in phones for phone in crop], dtype=torch.long),
        torch.full((len(phones),), scores.shape[1]),
        torch.tensor([len(crop) for crop in phones]),
        blank=BLANK,
        zero_infinity=True,
    )


def _greedy(scores: Tensor) -> list[int]:
    """The likeliest class of each frame, runs taken once, blanks left out."""
    return [phone for phone, _ in groupby(scores.argmax(-1).tolist()) if phone != BLANK]


def _spelt(phones: Sequence[int]) -> str:
    return " ".join(PHONES[phone] for phone in phones)
