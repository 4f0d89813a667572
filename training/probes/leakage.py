"""Who speaks, asked of tokens and of voice codewords: what leaks, and what is meant to be told.

A small classifier learns from some utterances and is tested on others. *Speaker*: other utterances
of the same speakers, all of one source. *Gender* and *emotion*, where the manifest has such a
column: utterances of other speakers. Every channel is read for four seconds, in which the voice
channel sends three codewords. Low is good for tokens, high for the voice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from codec.bench.metrics.statistics import bootstrap, mean
from training.probes.data import Spoken, View
from training.probes.net import ProbeConfig, Reader, learn

CONFIG = ProbeConfig(steps=200, batch=16, crop_ms=4000, channels=96, depth=2, dropout=0.2)
TESTED_SHARE = 1 / 3  # of a speaker's utterances, or of the speakers
LEAST_TESTED = 8  # utterances; fewer say nothing


@dataclass(frozen=True)
class Question:
    """Utterances to learn from and to be tested on, and the answer to each."""

    learnt: list[tuple[Spoken, str]]
    tested: list[tuple[Spoken, str]]

    @property
    def answers(self) -> list[str]:
        return sorted({answer for _, answer in self.learnt})


class Classifier(nn.Module):
    """Rows ``[B, N, c_in]`` -> scores of K answers ``[B, K]``, from mean and deviation in time."""

    def __init__(self, view: View, answers: int, config: ProbeConfig) -> None:
        super().__init__()
        self.read = Reader(view.channels, view.row_ms, config)
        self.answer = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(2 * config.channels, config.channels),
            nn.GELU(),
            nn.Linear(config.channels, answers),
        )

    def forward(self, rows: Tensor) -> Tensor:
        frames = self.read(rows)
        deviation = frames.var(dim=1, correction=0).add(1e-5).sqrt()
        scores: Tensor = self.answer(torch.cat([frames.mean(dim=1), deviation], dim=1))
        return scores


def speaker_question(utterances: Sequence[Spoken], each: int) -> Question | str:
    """Which of the speakers with ``each`` utterances or more it is; or why that cannot be asked."""
    by_speaker: dict[str, list[Spoken]] = defaultdict(list)
    for one in utterances:
        by_speaker[one.row["speaker"]].append(one)
    sources = {name: ones[0].row["source"] for name, ones in by_speaker.items()}
    full = {name: ones[:each] for name, ones in by_speaker.items() if len(ones) >= each}
    if len(full) < 2:
        return f"fewer than two speakers have {each} utterances"
    source = Counter(sources[name] for name in full).most_common(1)[0][0]
    question = Question([], [])
    cut = each - round(TESTED_SHARE * each)
    for name, ones in full.items():
        if sources[name] == source:
            question.learnt.extend((one, name) for one in ones[:cut])
            question.tested.extend((one, name) for one in ones[cut:])
    return _asked(question)


def column_question(utterances: Sequence[Spoken], column: str) -> Question | str:
    """What the manifest's ``column`` says, asked of other speakers; or why it cannot be asked."""
    known = [one for one in utterances if one.row.get(column)]
    if not known:
        return f"no utterance has anything in a column {column!r} of the manifest"
    speakers = sorted({one.row["speaker"] for one in known})
    apart = np.random.default_rng(0).permutation(len(speakers))
    held = {speakers[i] for i in apart[: round(TESTED_SHARE * len(speakers))]}
    question = Question([], [])
    for one in known:
        side = question.tested if one.row["speaker"] in held else question.learnt
        side.append((one, one.row[column]))
    return _asked(question)


def _asked(question: Question) -> Question | str:
    if len(question.answers) < 2:
        return "all utterances have the same answer"
    if len(question.tested) < LEAST_TESTED:
        return f"only {len(question.tested)} utterances are left to test on"
    return question


def leakage(
    view: View,
    question: Question | str,
    seeds: Sequence[int],
    report: Callable[[float], None],
    config: ProbeConfig,
) -> dict[str, Any]:
    """Share of right answers (0-1), every answer weighing the same, with an interval over speakers.

    Null with its reason where the question cannot be asked. ``report`` hears the share done, 0-1.
    """
    if isinstance(question, str):
        for _ in seeds:
            report(1.0)
        return {"accuracy": None, "reason": question}
    runs = [_right(view, question, seed, report, config) for seed in seeds]
    right = np.mean(runs, axis=0).tolist()
    groups: dict[Hashable, list[tuple[str, float]]] = defaultdict(list)
    for (one, answer), value in zip(question.tested, right, strict=True):
        groups[one.row["speaker"]].append((answer, value))
    speakers = list(groups.values())
    low, high = bootstrap(speakers, balanced)
    return {
        "accuracy": round(balanced(speakers), 4),
        "ci95": [round(low, 4), round(high, 4)],
        "by_chance": round(1 / len(question.answers), 4),
        "answers": len(question.answers),
        "learnt": len(question.learnt),
        "tested": len(question.tested),
        "tested_speakers": len(speakers),
    }


def balanced(speakers: Sequence[Sequence[tuple[str, float]]]) -> float:
    """Mean over the answers of the share of right ones among those with that answer."""
    by_answer: dict[str, list[float]] = defaultdict(list)
    for speaker in speakers:
        for answer, right in speaker:
            by_answer[answer].append(right)
    return mean([mean(values) for values in by_answer.values()])


def _right(
    view: View,
    question: Question,
    seed: int,
    report: Callable[[float], None],
    config: ProbeConfig,
) -> list[float]:
    """1 for each tested utterance that was answered rightly, else 0."""
    torch.manual_seed(seed)
    draw, answers = np.random.default_rng(seed), question.answers
    net = Classifier(view, len(answers), config)
    rows = [view.rows(one) for one, _ in question.learnt]
    truth = torch.tensor([answers.index(answer) for _, answer in question.learnt])
    count = view.count(config.crop_ms)

    def loss_at(_step: int) -> Tensor:
        chosen = draw.integers(len(rows), size=config.batch)
        crops = torch.stack([_somewhere(rows[i], count, draw) for i in chosen])
        return F.cross_entropy(net(crops), truth[chosen])

    learn(net, loss_at, config, report)
    tested = torch.stack([_filled(view.rows(one), count)[-count:] for one, _ in question.tested])
    given = net(tested).argmax(-1).tolist()
    return [
        float(answers[said] == answer)
        for said, (_, answer) in zip(given, question.tested, strict=True)
    ]


def _somewhere(rows: Tensor, count: int, draw: np.random.Generator) -> Tensor:
    rows = _filled(rows, count)
    first = int(draw.integers(len(rows) - count + 1))
    return rows[first : first + count]


def _filled(rows: Tensor, count: int) -> Tensor:
    """``rows`` over and over until there are ``count``."""
    return rows.repeat(-(-count // max(1, len(rows))), 1) if len(rows) < count else rows
