"""Change points: did the tracker move when the talk moved, give or take two turns?"""

from __future__ import annotations

from collections.abc import Sequence

TOLERANCE_TURNS = 2


def change_points(labels: Sequence[str]) -> list[int]:
    """Indices at which a sequence takes another value than just before."""
    return [n for n in range(1, len(labels)) if labels[n] != labels[n - 1]]


def matches(gold: Sequence[int], found: Sequence[int], tolerance: int = TOLERANCE_TURNS) -> int:
    """How many change points pair up, each used once, nearest first."""
    near = sorted(
        (abs(g - f), n, m)
        for n, g in enumerate(gold)
        for m, f in enumerate(found)
        if abs(g - f) <= tolerance
    )
    used_gold: set[int] = set()
    used_found: set[int] = set()
    for _, n, m in near:
        if n not in used_gold and m not in used_found:
            used_gold.add(n)
            used_found.add(m)
    return len(used_gold)


def change_f1(
    talks: Sequence[tuple[Sequence[str], Sequence[str]]], tolerance: int = TOLERANCE_TURNS
) -> float:
    """F1 of change points over (gold, predicted) stage sequences, 0-1; 1 where nothing changes."""
    hits = gold = found = 0
    for right, guess in talks:
        a, b = change_points(right), change_points(guess)
        hits += matches(a, b, tolerance)
        gold += len(a)
        found += len(b)
    return 2 * hits / (gold + found) if gold + found else 1.0
