"""How varied a set of replies is: distinct-n, self-BLEU, repeated openers. Corpus measures."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

OPENER_WORDS = 3
_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W_\u3040-\u30ff\u4e00-\u9fff]+")


def words(text: str) -> list[str]:
    """Lower-case words; each Chinese or Japanese character counts as one."""
    return _WORD.findall(text.lower())


def ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """Counts of the runs of ``n`` tokens."""
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def distinct(texts: Sequence[str], n: int) -> float:
    """Distinct n-grams over all n-grams of all texts, 0-1 (distinct-n)."""
    counts: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        counts += ngrams(words(text), n)
    return len(counts) / sum(counts.values()) if counts else 0.0


def self_bleu(texts: Sequence[str], n: int = 2) -> float:
    """Mean BLEU-n of each text against all others, 0-1; high means all say the same."""
    tokens = [words(text) for text in texts if words(text)]
    if len(tokens) < 2:
        return 0.0
    scores = [_bleu(own, tokens[:i] + tokens[i + 1 :], n) for i, own in enumerate(tokens)]
    return sum(scores) / len(scores)


def _bleu(own: Sequence[str], others: Sequence[Sequence[str]], most: int) -> float:
    logs = []
    for n in range(1, min(most, len(own)) + 1):
        mine = ngrams(own, n)
        best: Counter[tuple[str, ...]] = Counter()
        for other in others:
            best |= ngrams(other, n)
        hits = sum((mine & best).values())
        if not hits:
            return 0.0
        logs.append(math.log(hits / sum(mine.values())))
    nearest = min((len(other) for other in others), key=lambda size: abs(size - len(own)))
    short = min(0.0, 1 - nearest / len(own))
    return math.exp(sum(logs) / len(logs) + short)


def repeated_openers(texts: Sequence[str]) -> float:
    """Share of texts whose first three words also open another text, 0-1."""
    openers = [tuple(words(text)[:OPENER_WORDS]) for text in texts if words(text)]
    counts = Counter(openers)
    return sum(counts[opener] > 1 for opener in openers) / len(openers) if openers else 0.0
