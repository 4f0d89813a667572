"""Whether two clauses mean the same: by sentence vectors, or by words where there are none."""

from __future__ import annotations

from voice_agent.think.prototypes import Embed

LIKE = 0.5  # cosine from which two clauses mean the same; set by hand, not fitted


def alike(one: str, other: str, embed: Embed | None) -> bool:
    """Whether ``one`` and ``other`` mean the same."""
    if embed is None:
        words = [set(text.lower().split()) for text in (one, other)]
        return len(words[0] & words[1]) >= 0.5 * min(map(len, words))
    vectors = embed([one, other])
    return float(vectors[0] @ vectors[1]) >= LIKE
