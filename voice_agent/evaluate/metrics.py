"""Scores of labels: accuracy, F1 of each label, macro and weighted F1, confusion counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Pairs = Sequence[tuple[str, str]]  # (gold, predicted)


def confusion(pairs: Pairs, labels: Sequence[str]) -> list[list[int]]:
    """Counts [gold][predicted], in the order of ``labels``."""
    counts = Counter(pairs)
    return [[counts[gold, predicted] for predicted in labels] for gold in labels]


def accuracy(pairs: Pairs) -> float:
    """Share of pairs that agree, 0-1; 0 for no pairs."""
    return sum(gold == predicted for gold, predicted in pairs) / len(pairs) if pairs else 0.0


def f1_scores(pairs: Pairs, labels: Sequence[str]) -> dict[str, float]:
    """F1 of each label, 0-1; 0 for a label that was never hit."""
    counts = Counter(pairs)
    gold = Counter(g for g, _ in pairs)
    predicted = Counter(p for _, p in pairs)
    return {
        label: 2 * counts[label, label] / max(1, gold[label] + predicted[label]) for label in labels
    }


def macro_f1(pairs: Pairs, labels: Sequence[str]) -> float:
    """Mean F1 over ``labels``, also over those that never occur (as in Kang et al.)."""
    scores = f1_scores(pairs, labels)
    return sum(scores.values()) / len(labels)


def macro_f1_present(pairs: Pairs) -> float:
    """Mean F1 over the labels that occur in the gold, 0-1."""
    present = sorted({gold for gold, _ in pairs})
    return macro_f1(pairs, present) if present else 0.0


def weighted_f1(pairs: Pairs, labels: Sequence[str]) -> float:
    """Mean F1 weighted by how often each label is gold, 0-1."""
    scores, gold = f1_scores(pairs, labels), Counter(g for g, _ in pairs)
    return sum(scores[label] * gold[label] for label in labels) / max(1, len(pairs))


def share(hits: Sequence[bool]) -> float:
    """Share that holds, 0-1; 0 for none at all."""
    return sum(hits) / len(hits) if hits else 0.0
