"""Bootstrap intervals: how far a score could have fallen out otherwise with other dialogues."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

DRAWS = 200
COVERAGE = 0.95


def interval(
    groups: Sequence[T], score: Callable[[Sequence[T]], float | None], seed: int
) -> tuple[float, float] | None:
    """The central 95 % of ``score`` over redrawn ``groups``; None without a defined score.

    Args:
        groups: units that are drawn whole (a dialogue, a family, an item), so that turns of one
            talk do not count as independent.
        score: of any such sample; None where it is not defined on it.
    """
    rng = random.Random(seed)
    drawn = (score(rng.choices(groups, k=len(groups))) for _ in range(DRAWS if groups else 0))
    values = sorted(value for value in drawn if value is not None)
    if not values:
        return None
    tail = (1 - COVERAGE) / 2
    low, high = (values[round(share * (len(values) - 1))] for share in (tail, 1 - tail))
    return low, high
