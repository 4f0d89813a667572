"""Means with the uncertainty that a set of clips leaves in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")

RESAMPLES = 1000
COVERAGE = 0.95


def mean(values: Sequence[float]) -> float:
    """The plain mean."""
    return float(np.mean(values))


def bootstrap(
    items: Sequence[Item], statistic: Callable[[Sequence[Item]], float], seed: int = 0
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of ``statistic`` over clips, the same for a seed."""
    draw = np.random.default_rng(seed)
    picks = draw.integers(0, len(items), size=(RESAMPLES, len(items)))
    values = [statistic([items[i] for i in pick]) for pick in picks]
    tail = 50 * (1 - COVERAGE)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
