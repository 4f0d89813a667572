"""Fit the crisis net: written families in, one small head with its thresholds out.

Train families, and the caller turns of the corpus' train families, fit the weights. The thresholds
come from ordinary calls, each scored by a head that was fitted without its family; validation
families chose penalties, test families and the blind sets are only read by ``secousti eval``.
Caller turns whose grave label rests on what was said before ("yes", "in the kitchen") are left out:
the rules of the crisis ladder know what a bare answer means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from voice_agent.contracts import RiskLevel
from voice_agent.evaluate.corpus import corpus
from voice_agent.evaluate.families import SpokenCase, family_cases, heard_cases
from voice_agent.evaluate.fit.budget import Calls, call_thresholds
from voice_agent.evaluate.fit.softmax import balanced, common_terms, fit_softmax
from voice_agent.evaluate.talks import CALLER, Talk
from voice_agent.think.crisis_net import MIN_WORDS, net_signals
from voice_agent.think.heads import Floats, Head, Recipe, terms_of
from voice_agent.think.prototypes import Embed
from voice_agent.think.sounds import hear_gravely
from voice_agent.think.words import Heard

LEVELS = tuple(level.value for level in RiskLevel)
READINGS = 3  # of each line of the train families
LEAST_FAMILIES = 3  # a word run or signal counts once this many families use it
# L2 penalties, chosen on held-out families. A unit vector's entries are small, so theirs is.
VECTOR_DECAY, TERM_DECAY, SIGNAL_DECAY = 5e-5, 5e-4, 5e-4
LEVEL_SHARES = {"none": 2.0, "low": 1.0, "high": 1.0, "imminent": 1.0}  # weight in the fit
FOLDS = 4  # families in each are scored by a head fitted on the others
CALL_TURNS = 12  # of an ordinary call
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_SHORT = range(MIN_WORDS, 15)  # words of a sentence that stands for a turn of a caller of few words


@dataclass(frozen=True)
class Prepared:
    """Cases with what a head looks at."""

    cases: Sequence[SpokenCase]
    heard: Sequence[Heard]
    vectors: Floats  # [N, 384]

    @property
    def risks(self) -> list[str]:
        return [case.risk for case in self.cases]

    def features(self, recipe: Recipe) -> Floats:
        rows = zip(self.heard, self.vectors, strict=True)
        return np.stack(
            [recipe.features(v, terms_of(h.text), net_signals(h)) for h, v in rows]
        ).astype(np.float32)


def prepare(cases: Sequence[SpokenCase], embed: Embed) -> Prepared:
    """Hear and embed every case as the net does: the words, without marks and fillers."""
    heard = [hear_gravely(case.text) for case in cases]
    return Prepared(cases, heard, embed([h.text for h in heard]))


def caller_cases(split: str) -> list[SpokenCase]:
    """Caller turns of the dialogue corpus that speak for themselves, a family for each of its.

    Of a talk with risk only the first turn at each new height is taken: it is where the risk shows.
    """
    cases: list[SpokenCase] = []
    for talk in corpus(split):
        highest = 0
        for turn in talk.turns:
            if turn.who != CALLER:
                continue
            rank = LEVELS.index(turn.risk)
            if rank > highest or (rank == 0 and highest == 0):
                cases.append(SpokenCase(turn.text, turn.risk, f"talk:{talk.family}"))
            highest = max(highest, rank)
    return cases


def ordinary_calls(*splits: str) -> list[list[SpokenCase]]:
    """The caller turns of every call without any risk."""
    calm = (talk for split in splits for talk in corpus(split) if _is_calm(talk))
    return [[_harmless(turn, talk) for turn in _said(talk)][:CALL_TURNS] for talk in calm]


def curt_calls(*splits: str) -> list[list[SpokenCase]]:
    """The same calls by callers of few words: single sentences, each a turn."""
    calm = (talk for split in splits for talk in corpus(split) if _is_calm(talk))
    return [[_harmless(line, talk) for line in _sentences(talk)][:CALL_TURNS] for talk in calm]


def _is_calm(talk: Talk) -> bool:
    return all(turn.risk in ("", LEVELS[0]) for turn in talk.turns)


def _said(talk: Talk) -> list[str]:
    return [turn.text for turn in talk.turns if turn.who == CALLER]


def _sentences(talk: Talk) -> Iterator[str]:
    lines = (line for text in _said(talk) for line in _SENTENCE.split(text))
    return (line for line in lines if len(line.split()) in _SHORT)


def _harmless(text: str, talk: Talk) -> SpokenCase:
    return SpokenCase(text, LEVELS[0], f"talk:{talk.family}")


def fit_crisis(embed: Embed) -> Head:
    """Fit on the train families and set thresholds on ordinary calls."""
    spoken = [*family_cases("train", most=READINGS), *heard_cases("train")]
    curt = [case for call in curt_calls("train") for case in call]
    train = prepare([*spoken, *caller_cases("train"), *curt], embed)
    recipe = _recipe(train)
    features = train.features(recipe)
    kinds = [kind("train", "valid") for kind in (ordinary_calls, curt_calls)]
    scored = [[prepare(call, embed) for call in calls if call] for calls in kinds]
    thresholds = call_thresholds(_held_out(train, features, recipe, scored))
    weights, bias = _fitted(train, features, recipe)
    notes = {
        "thresholds": thresholds,
        "train": len(train.cases),
        "calls": [len(calls) for calls in scored],
    }
    return Head(LEVELS, recipe, weights, bias, notes)


def _held_out(
    train: Prepared, features: Floats, recipe: Recipe, kinds: Sequence[Sequence[Prepared]]
) -> list[Calls]:
    """Probabilities of every call's turns, by a head fitted without the call's family."""
    fold_of = np.array([_fold(case) for case in train.cases])
    heads = [_without(train, features, recipe, fold_of != fold) for fold in range(FOLDS)]
    return [[_probabilities(heads[_fold(c.cases[0])], c, recipe) for c in calls] for calls in kinds]


def _fold(case: SpokenCase) -> int:
    return crc32(case.family.encode()) % FOLDS


def _without(train: Prepared, features: Floats, recipe: Recipe, kept: NDArray[np.bool_]) -> Head:
    rows: list[int] = np.flatnonzero(kept).tolist()
    part = Prepared(
        [train.cases[n] for n in rows], [train.heard[n] for n in rows], train.vectors[rows]
    )
    return Head(LEVELS, recipe, *_fitted(part, features[rows], recipe), {})


def _probabilities(head: Head, call: Prepared, recipe: Recipe) -> Floats:
    """Probabilities [T, 4] of a call's turns; of turns too short for the net, certainly none."""
    shares = head.probabilities(call.features(recipe))
    short = [len(heard.text.split()) < MIN_WORDS for heard in call.heard]
    shares[short] = np.eye(len(LEVELS), dtype=np.float32)[0]
    return shares


def _fitted(train: Prepared, features: Floats, recipe: Recipe) -> tuple[Floats, Floats]:
    gold = np.array([LEVELS.index(risk) for risk in train.risks])
    return fit_softmax(features, gold, _weight(train), len(LEVELS), _decay(recipe))


def _recipe(train: Prepared) -> Recipe:
    families = [case.family for case in train.cases]
    terms = common_terms([terms_of(h.text) for h in train.heard], families, LEAST_FAMILIES)
    signals = common_terms([net_signals(h).keys() for h in train.heard], families, LEAST_FAMILIES)
    return Recipe(train.vectors.shape[1], tuple(terms), tuple(signals))


def _weight(train: Prepared) -> Floats:
    even = balanced(train.risks, [case.family for case in train.cases])
    return even * np.array([LEVEL_SHARES[risk] for risk in train.risks], np.float32)


def _decay(recipe: Recipe) -> Floats:
    sizes = (recipe.width, len(recipe.terms), len(recipe.signals))
    return np.repeat(np.array([VECTOR_DECAY, TERM_DECAY, SIGNAL_DECAY], np.float32), sizes)
