"""Preference bias B: how unevenly a planner favours strategies (Kang et al., ACL 2024, section 3).

A Bradley-Terry fit over the confusion counts: strategy i "wins" against j each time i was said
where j was right. B is the spread of the fitted preferences; 0 means no preference. B alone can
be gamed by guessing, so it is always read beside Q, the macro-F1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from voice_agent.evaluate.metrics import Pairs

SWEEPS = 20  # as published


@dataclass(frozen=True)
class Preference:
    """``p``: preference of each label, 1 = neutral, sum = number of labels. ``bias``: population
    standard deviation of ``p``, or None with the ``reason``."""

    p: dict[str, float]
    bias: float | None
    reason: str = ""


def preference(pairs: Pairs, labels: Sequence[str]) -> Preference:
    """Fit the preferences of one planner from (gold, predicted) pairs.

    A label that is never predicted has preference 0. Where fewer than two labels are predicted, or
    nothing is ever confused, there is no preference to measure and the bias is None.
    """
    counts = Counter(pairs)
    predicted = {p for _, p in pairs}
    if len(predicted) < 2:
        return Preference({}, None, "fewer than two labels were ever predicted")
    if not any(g != p for g, p in counts):
        return Preference({}, None, "no prediction was wrong, so nothing was preferred")
    wins = [[counts[gold, said] for gold in labels] for said in labels]  # [said][gold]
    fitted = _fit(wins)
    total = sum(fitted)
    if not math.isfinite(total) or total <= 0:
        return Preference({}, None, "the fit has no finite answer")
    p = [len(labels) * value / total for value in fitted]
    bias = math.sqrt(sum((value - 1.0) ** 2 for value in p) / len(p))
    return Preference(dict(zip(labels, p, strict=True)), bias)


def _fit(wins: list[list[int]]) -> list[float]:
    """Preferences up to scale: in-place sweeps, each followed by a geometric normalisation."""
    size = len(wins)
    pi = [1.0] * size
    for _ in range(SWEEPS):
        for i in range(size):
            others = [j for j in range(size) if j != i and pi[i] + pi[j] > 0]
            won = sum(wins[i][j] * pi[j] / (pi[i] + pi[j]) for j in others)
            lost = sum(wins[j][i] / (pi[i] + pi[j]) for j in others)
            if lost > 0:
                pi[i] = won / lost
            elif won == 0:
                pi[i] = 0.0
        positive = [value for value in pi if value > 0]
        if not positive:
            return pi
        mean = math.exp(sum(map(math.log, positive)) / len(positive))
        pi = [value / mean for value in pi]
    return pi
