"""Fit the head that tells a finished turn from a pause: where the corpus's callers stop and go on.

A turn of the corpus ends once; before that a caller may pause at every word. Nobody knows where the
writer's callers would have paused, so each place counts by how often speakers pause there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from voice_agent.evaluate.corpus import corpus
from voice_agent.evaluate.fit.softmax import common_terms, fit_softmax
from voice_agent.evaluate.memo import Memo
from voice_agent.evaluate.talks import CALLER
from voice_agent.listen.endings import words_of
from voice_agent.listen.finished import END, PAUSE, last_terms
from voice_agent.think.heads import Floats, Head, Recipe

LABELS = (PAUSE, END)
# How often a turn pauses after a sentence, after a comma, and after a mere word: in spontaneous
# speech about half of all pauses stand at the end of a clause, though few words do (Goldman-Eisler
# 1968, chapter 1; Clark & Fox Tree 2002).
SENTENCE, CLAUSE, WORD = 0.8, 0.4, 0.08
SHORT_WORDS = 3  # "Yes." is a whole answer, though the corpus's callers always go on
LEAST_TERMS = 3  # families that must use a word run
DECAY = 3e-4  # L2 penalty, chosen on the valid families
EVERY = 6  # of the places after a mere word one in so many is taken, and counts for all


@dataclass(frozen=True)
class Place:
    """One place at which a turn pauses or ends: its words so far, and what it counts."""

    family: str
    words: tuple[str, ...]
    ends: bool
    kind: str
    weight: float


def places(split: str) -> list[Place]:
    """Every place of one split of the dialogue corpus."""
    return [
        place
        for talk in corpus(split)
        for turn in talk.turns
        if turn.who == CALLER
        for place in places_of(turn.text, talk.family)
    ]


def places_of(text: str, family: str = "") -> Iterator[Place]:
    """The places of one turn, in order; the last one is its end."""
    tokens = text.split()
    words: list[str] = []
    for number, token in enumerate(tokens, start=1):
        words += words_of(token)
        kind, weight = _kind(token)
        if number == len(tokens):
            kind, weight = END, 1.0
        elif _is_left_out(kind, number, len(words)):
            continue
        if words:
            yield Place(family, tuple(words), kind == END, kind, weight)


def _is_left_out(kind: str, number: int, words: int) -> bool:
    return (kind == "word" and number % EVERY > 0) or (kind == "sentence" and words <= SHORT_WORDS)


def _kind(token: str) -> tuple[str, float]:
    mark = re.sub(r"[\"')]+$", "", token)[-1:]
    if mark and mark in ".?!…":
        return "sentence", SENTENCE
    if mark and mark in ",;:-":
        return "clause", CLAUSE
    return "word", WORD * EVERY


def fit_ending(_memo: Memo) -> Head:
    """Fit on the train families; the valid families are for measuring it."""
    return fit_places(places("train"))


def fit_places(found: list[Place]) -> Head:
    """The head of :class:`~voice_agent.listen.finished.Finished` for these places."""
    terms = [last_terms(list(place.words)) for place in found]
    families = [place.family for place in found]
    recipe = Recipe(0, tuple(common_terms(terms, families, LEAST_TERMS)), ())
    x: Floats = np.stack([recipe.features(None, own, {}) for own in terms])
    ends = np.array([place.ends for place in found])
    weight = np.array([place.weight for place in found], np.float32)
    weight[ends] *= weight[~ends].sum() / weight[ends].sum()  # odds are of the words alone
    decay = np.full(recipe.size, DECAY, np.float32)
    weights, bias = fit_softmax(x, ends.astype(np.int64), weight, len(LABELS), decay)
    return Head(LABELS, recipe, weights, bias, {"turns": int(ends.sum()), "places": len(found)})
