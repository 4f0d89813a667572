"""Do tokens and text find each other? A small pair of encoders learns it, on frozen tokens.

The pair is that of :mod:`training.text`, which the codec itself is trained with: one reads tokens,
the other the phones of the same time. It is tested on the validation speakers in two ways.
*Moments*: one token of each of N stretches must find its own moment of text among all N, and the
text its token; a moment with the very same phones counts as its own. *Stretches*: a second and a
quarter of tokens must find the text that is spoken in it among those of N utterances, and back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from codec.bench.metrics.statistics import bootstrap, mean
from codec.rates import Rate
from training.phones import UNKNOWN
from training.probes.data import LABEL_MS, Spoken, View
from training.probes.net import ProbeConfig, learn
from training.text import LABELS_PER_READING, TextAlignment, TextTerms

CONFIG = ProbeConfig(steps=250, batch=12, crop_ms=1280, lr=2e-3)
MOMENTS = 256
BEST = (1, 5)
Crops = tuple[Tensor, Tensor]
"""Rows ``[B, N, c]`` and phone labels uint8 ``[B, T]`` at 10 ms."""


def retrieval(
    rate: Rate,
    view: View,
    learnt: Sequence[Spoken],
    tested: Sequence[Spoken],
    seed: int,
    report: Callable[[float], None],
    config: ProbeConfig,
) -> dict[str, Any]:
    """Shares found (0-1) with their intervals, and the share that a blind guess finds.

    ``report`` hears the share of the learning done, 0-1.
    """
    torch.manual_seed(seed)
    net, draw = TextAlignment(rate), np.random.default_rng(seed)
    usable = _usable(learnt, config)

    def loss_at(_step: int) -> Tensor:
        chosen = [usable[i] for i in draw.integers(len(usable), size=config.batch)]
        terms: TextTerms = net(*_crops(view, chosen, draw, config))
        return terms.contrast + terms.phones

    learn(net, loss_at, config, report)
    rows, labels = _crops(view, _usable(tested, config), draw, config)
    speech, text = net.pair(net.hear(rows), labels)
    named = float(net(rows, labels).named)
    return {
        "phones_named_each_20_ms": round(named, 4),
        "moments": _moments(speech, text, labels, draw),
        "stretches": _found(torch.einsum("atd,btd->ab", speech, text), torch.eye(len(rows)) > 0),
    }


def _usable(utterances: Sequence[Spoken], config: ProbeConfig) -> list[Spoken]:
    return [one for one in utterances if one.labelled and 1000 * one.seconds > config.crop_ms + 100]


def _crops(
    view: View, utterances: Sequence[Spoken], draw: np.random.Generator, config: ProbeConfig
) -> Crops:
    """A stretch of each utterance, somewhere in it."""
    count, rows, labels = config.crop_ms // view.row_ms, [], []
    for one in utterances:
        whole = view.rows(one)
        first = int(draw.integers(len(whole) - count + 1))
        start, length = first * view.row_ms // LABEL_MS, config.crop_ms // LABEL_MS
        rows.append(whole[first : first + count])
        labels.append(torch.from_numpy(one.phones[start : start + length].copy()))
    return torch.stack(rows), torch.stack(labels)


def _moments(
    speech: Tensor, text: Tensor, labels: Tensor, draw: np.random.Generator
) -> dict[str, Any]:
    """Tokens drawn from all stretches, evenly, where every phone is known."""
    spoken = labels[:, ::LABELS_PER_READING].reshape(len(labels) * speech.shape[1], -1)
    known = (spoken != UNKNOWN).all(-1).nonzero()[:, 0].numpy()
    drawn = torch.from_numpy(draw.permutation(known)[:MOMENTS])
    moments = spoken[drawn]
    alike = speech.flatten(0, 1)[drawn] @ text.flatten(0, 1)[drawn].T
    return _found(alike, (moments[:, None] == moments[None]).all(-1))


def _found(alike: Tensor, own: Tensor) -> dict[str, Any]:
    """Similarities ``[N, N]`` of speech (rows) and text, and which of them count as right."""
    shares: dict[str, Any] = {"n": len(alike)}
    for best in BEST:
        shares[f"text_of_speech_top{best}"] = _share(alike, own, best)
        shares[f"speech_of_text_top{best}"] = _share(alike.T, own.T, best)
    return shares


def _share(alike: Tensor, own: Tensor, best: int) -> dict[str, Any]:
    """How many rows have one of their own among the ``best`` most alike."""
    nearest = alike.topk(min(best, len(alike))).indices
    hits = own.gather(1, nearest).any(1).float().tolist()
    low, high = bootstrap(hits, mean)
    blind = 1 - (1 - own.float().mean(1)) ** best
    return {
        "share": round(mean(hits), 4),
        "ci95": [round(low, 4), round(high, 4)],
        "by_chance": round(blind.mean().item(), 4),
    }
