"""Motivational-interviewing codes by the head fitted on the dialogue corpus.

It looks at a sentence's words and vector, what the rules say of it and of its neighbours in the
reply, its place, and the caller's turn before. It grades talk after the event; the last guard keeps
to the rules of ``think/mi``: what it refuses must be readable in a table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np

from voice_agent.think.heads import Head, packaged_head, terms_of
from voice_agent.think.mi import code_of
from voice_agent.think.prototypes import Embed, Vectors

SHORT_WORDS, LONG_WORDS = 5, 14


def learnt_codes(said: Sequence[str], caller: str, embed: Embed | None) -> tuple[str, ...]:
    """The code of each sentence of a reply to a caller's turn ("" where there was none).

    Without sentence vectors, or without the head, the rules' codes.
    """
    head = _head()
    if head is None or embed is None or not said:
        return tuple(code_of(sentence) for sentence in said)
    seen = zip(reply_vectors(said, caller, embed), said, reply_signals(said), strict=True)
    named = (
        head.named(head.recipe.features(vector, sentence_terms(sentence), signals))
        for vector, sentence, signals in seen
    )
    return tuple(max(shares, key=lambda code: shares[code]) for shares in named)


@cache
def _head() -> Head | None:
    return packaged_head("mi")


def reply_vectors(said: Sequence[str], caller: str, embed: Embed) -> Vectors:
    """Vectors [N, 768] of a reply's N sentences, each beside the vector of the caller's turn."""
    vectors = embed([*said, caller])
    before = vectors[-1] if caller else np.zeros_like(vectors[-1])
    return np.concatenate([vectors[:-1], np.tile(before, (len(said), 1))], axis=1)


def reply_signals(said: Sequence[str]) -> list[dict[str, float]]:
    """Named signals of each sentence: the rules' opinion of it and its neighbours, its place."""
    rules = [code_of(sentence) for sentence in said]
    last = len(said) - 1
    found = []
    for place, (sentence, rule) in enumerate(zip(said, rules, strict=True)):
        words = len(sentence.split())
        named = {f"rule:{rule}": 1.0}
        if place:
            named[f"after:{rules[place - 1]}"] = 1.0
        if place < last:
            named[f"before:{rules[place + 1]}"] = 1.0
        named |= {
            "short": float(words < SHORT_WORDS),
            "long": float(words > LONG_WORDS),
            "first": float(place == 0),
            "last": float(place == last),
            "only": float(last == 0),
        }
        found.append(named)
    return found


def sentence_terms(sentence: str) -> set[str]:
    """Word runs of a sentence, its end mark as a word."""
    words = re.findall(r"[a-z]+(?:'[a-z]+)*|[?!]", sentence.lower().replace("\u2019", "'"))
    return terms_of(" ".join(words))
