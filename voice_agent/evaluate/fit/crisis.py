"""Fit the crisis net: written families in, one small head with its thresholds out.

Train families, and the caller turns of the corpus' train families, fit the weights; validation
families set the thresholds; test families and the blind set are only read by ``secousti eval``.
Caller turns whose grave label rests on what was said before ("yes", "in the kitchen") are left out:
the rules of the crisis ladder know what a bare answer means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voice_agent.contracts import RiskLevel
from voice_agent.evaluate.corpus import corpus
from voice_agent.evaluate.families import SpokenCase, family_cases, heard_cases
from voice_agent.evaluate.fit.softmax import balanced, common_terms, fit_softmax
from voice_agent.evaluate.talks import CALLER
from voice_agent.think.crisis_net import net_signals
from voice_agent.think.heads import Floats, Head, Recipe, terms_of
from voice_agent.think.prototypes import Embed
from voice_agent.think.sounds import hear_gravely
from voice_agent.think.words import Heard

LEVELS = tuple(level.value for level in RiskLevel)
READINGS = 3  # of each line of the train families
LEAST_FAMILIES = 3  # a word run or signal counts once this many families use it
# L2 penalties, chosen on validation families. A unit vector's entries are small, so theirs is.
VECTOR_DECAY, TERM_DECAY, SIGNAL_DECAY = 1.6e-4, 1.4e-3, 1.4e-3
LEVEL_SHARES = {"none": 2.0, "low": 1.0, "high": 1.0, "imminent": 1.0}  # weight in the fit
# Shares of harmless validation turns that may pass the threshold of watch, high and imminent: of
# turns written to sound like harm, and of ordinary calls' turns.
FALSE_ALARMS = {"low": (0.08, 0.03), "high": (0.025, 0.01), "imminent": (0.015, 0.005)}


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


def fit_crisis(embed: Embed) -> Head:
    """Fit on the train families and set thresholds on the validation families."""
    spoken = [*family_cases("train", most=READINGS), *heard_cases("train")]
    train = prepare([*spoken, *caller_cases("train")], embed)
    valid = prepare([*family_cases("valid"), *heard_cases("valid")], embed)
    calls = prepare([case for case in caller_cases("valid") if case.risk == "none"], embed)
    recipe = _recipe(train)
    weights, bias = fit_softmax(
        train.features(recipe),
        np.array([LEVELS.index(risk) for risk in train.risks]),
        _weight(train),
        len(LEVELS),
        _decay(recipe),
    )
    head = Head(LEVELS, recipe, weights, bias, {})
    thresholds = set_thresholds(
        head.probabilities(valid.features(recipe)),
        valid.risks,
        head.probabilities(calls.features(recipe)),
    )
    notes = {"thresholds": thresholds, "train": len(train.cases), "valid": len(valid.cases)}
    return Head(LEVELS, recipe, weights, bias, notes)


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


def set_thresholds(shares: Floats, risks: Sequence[str], calm: Floats) -> dict[str, float]:
    """For each level the least probability (with graver ones) that keeps false alarms in bounds.

    Args:
        shares: probabilities [N, 4] of validation cases, in the order of ``LEVELS``; risks: their
            gold. calm: probabilities [M, 4] of harmless turns of ordinary calls.
    """
    harmless = shares[[risk == "none" for risk in risks]]
    found = {}
    for rank, level in enumerate(LEVELS[1:], 1):
        bounds = zip((harmless, calm), FALSE_ALARMS[level], strict=True)
        found[level] = max(_bound(p[:, rank:].sum(1), share) for p, share in bounds)
    return found


def _bound(wrong: Floats, share: float) -> float:
    """The value that at most ``share`` of the wrong ones reach."""
    return round(float(np.quantile(wrong, 1 - share)) + 1e-4, 4)
