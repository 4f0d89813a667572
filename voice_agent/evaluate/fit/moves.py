"""Fit planner and tracker on the dialogue corpus; debias on families the planner did not see.

Nothing released is fitted on ESConv: it only measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product

import numpy as np
from numpy.typing import NDArray

from voice_agent.contracts import Stage, Strategy
from voice_agent.evaluate.corpus import corpus
from voice_agent.evaluate.fit.softmax import balanced, common_terms, fit_softmax
from voice_agent.evaluate.memo import Memo
from voice_agent.evaluate.metrics import macro_f1
from voice_agent.evaluate.preference import preference
from voice_agent.evaluate.replay import heard_texts, replay
from voice_agent.think.heads import Floats, Head, Recipe, terms_of
from voice_agent.think.moves import TERM_WORDS, moment_vector, move_signals, stage_signals
from voice_agent.think.strategy import heard_signals
from voice_agent.think.tables import table
from voice_agent.think.understand import Understander

STRATEGIES = tuple(s.value for s in Strategy)
STAGES = tuple(s.value for s in Stage)
LEAST_FAMILIES = 8  # a word run counts once this many dialogue families use it
MOVE_DECAYS = (3e-5, 1e-3, 3e-4)  # L2 penalties of vectors, terms and signals: chosen on validation
STAGE_DECAYS = (3e-4, 1e-2, 1e-3)
Q_SLACK = 0.03  # macro-F1 that may be given up for a smaller bias: Q is far above its bar, B is not
TAUS = tuple(round(0.1 * step, 1) for step in range(11))
LAMBDAS = (0.0, 0.15, 0.3, 0.5)
PENALTIES = (0.0, 0.2, 0.4)
FOLDS = 4  # eight validation families alone leave B to chance: every family is held out once


@dataclass(frozen=True)
class Moments:
    """Supporter turns with what was known before each. ``named``: signals of planner or tracker."""

    vectors: Floats  # [N, 768]
    terms: Sequence[set[str]]
    move_named: Sequence[dict[str, float]]
    stage_named: Sequence[dict[str, float]]
    strategies: Sequence[str]
    stages: Sequence[str]
    used: Sequence[tuple[str, ...]]  # the last three moves
    families: Sequence[str]


def moments(split: str, memo: Memo) -> Moments:
    """Every supporter turn of a corpus split that has a caller turn before it."""
    talks = corpus(split)
    memo.prefetch(text for talk in talks for text in heard_texts(talk))
    mind, rows = Understander(memo), []
    for talk in talks:
        for moment in replay(talk, mind):
            dialogue, insight, gold = moment.dialogue, moment.insight, moment.gold
            stage = Stage(gold.stage)
            heard = heard_signals(dialogue, insight, stage)
            used = tuple(s.value for s in dialogue.strategies()[-3:])
            rows.append((
                moment_vector(dialogue, insight),
                terms_of(insight.heard.text, TERM_WORDS),
                move_signals(dialogue, heard, stage),
                stage_signals(dialogue, insight),
                gold.strategy, gold.stage, used, talk.family,
            ))  # fmt: skip
    vectors, *columns = zip(*rows, strict=True)
    return Moments(np.stack(vectors), *columns)


def fit_strategy(memo: Memo) -> Head:
    """The planner's head, fitted on train and validation families; its shares and the debiasing
    numbers are chosen on what heads fitted without a family say of it."""
    rows = joined(moments("train", memo), moments("valid", memo))
    p = held_out_shares(rows)
    share = 100 * p.mean(0)
    shares = {s: round(float(part), 2) for s, part in zip(STRATEGIES, share, strict=True)}
    head = _fit(rows, rows.move_named, rows.strategies, STRATEGIES, 0.5, MOVE_DECAYS)
    knobs = choose_debias(p, share, rows)
    notes = {"share": shares, "debias": knobs, "held_out": _scores(p, share, rows, knobs)}
    return Head(head.labels, head.recipe, head.weights, head.bias, notes)


def _scores(p: Floats, share: Floats, rows: Moments, knobs: dict[str, float]) -> dict[str, float]:
    """Q and B of the debiased choices over all held-out moments."""
    odds = _adjusted(p, share, rows, knobs["tau"], knobs["lam"], knobs["repeat_penalty"])
    said = [STRATEGIES[n] for n in odds.argmax(1)]
    pairs = list(zip(rows.strategies, said, strict=True))
    bias = preference(pairs, STRATEGIES).bias or float("nan")
    q = 100 * macro_f1(pairs, STRATEGIES)
    return {"n": len(pairs), "Q": round(q, 1), "B": round(bias, 3)}


def joined(*parts: Moments) -> Moments:
    """The moments of several splits as one."""
    columns = [f.name for f in fields(Moments) if f.name != "vectors"]
    rest = [[row for part in parts for row in getattr(part, name)] for name in columns]
    return Moments(np.concatenate([part.vectors for part in parts]), *rest)


def held_out_shares(rows: Moments) -> Floats:
    """Probabilities [N, 8] of each moment by a head that saw none of its family."""
    folds = {family: n % FOLDS for n, family in enumerate(sorted(set(rows.families)))}
    fold = np.array([folds[family] for family in rows.families])
    p = np.zeros((len(fold), len(STRATEGIES)), np.float32)
    for number in range(FOLDS):
        seen, unseen = _picked(rows, fold != number), _picked(rows, fold == number)
        head = _fit(seen, seen.move_named, seen.strategies, STRATEGIES, 0.5, MOVE_DECAYS)
        p[fold == number] = head.probabilities(_features(head.recipe, unseen, unseen.move_named))
    return p


def _picked(rows: Moments, wanted: NDArray[np.bool_]) -> Moments:
    columns = [f.name for f in fields(Moments) if f.name != "vectors"]
    rest = [[row for row, keep in zip(getattr(rows, name), wanted, strict=True) if keep]
            for name in columns]  # fmt: skip
    return Moments(rows.vectors[wanted], *rest)


def fit_stage(memo: Memo) -> Head:
    """The tracker's head. Its probabilities are divided by the stages' shares in the fit, so that
    the tracker's own belief, not the corpus, is the prior."""
    train = moments("train", memo)
    return _fit(train, train.stage_named, train.stages, STAGES, 1.0, STAGE_DECAYS)


def _fit(
    train: Moments,
    named: Sequence[dict[str, float]],
    gold: Sequence[str],
    labels: tuple[str, ...],
    power: float,
    decays: tuple[float, float, float],
) -> Head:
    terms = common_terms(train.terms, train.families, LEAST_FAMILIES)
    signals = sorted({name for row in named for name in row})
    recipe = Recipe(train.vectors.shape[1], tuple(terms), tuple(signals))
    sizes = (recipe.width, len(terms), len(signals))
    decay = np.repeat(np.array(decays, np.float32), sizes)
    weights, bias = fit_softmax(
        _features(recipe, train, named),
        np.array([labels.index(label) for label in gold]),
        balanced(gold, power=power),
        len(labels),
        decay,
    )
    return Head(labels, recipe, weights, bias, {})


def _features(recipe: Recipe, rows: Moments, named: Sequence[dict[str, float]]) -> Floats:
    seen = zip(rows.vectors, rows.terms, named, strict=True)
    return np.stack([recipe.features(*row) for row in seen]).astype(np.float32)


def choose_debias(p: Floats, share: Floats, valid: Moments) -> dict[str, float]:
    """The knobs with the least bias B among those whose Q is within ``Q_SLACK`` of the best.

    Args:
        p: probabilities [N, 8] on moments ``valid`` that were held out. share: their mean [8],
            percent.
    """
    tried = []
    for tau, lam, penalty in product(TAUS, LAMBDAS, PENALTIES):
        odds = _adjusted(p, share, valid, tau, lam, penalty)
        pairs = [(g, STRATEGIES[n]) for g, n in zip(valid.strategies, odds.argmax(1), strict=True)]
        bias = preference(pairs, STRATEGIES).bias
        knobs = {"tau": tau, "lam": lam, "repeat_penalty": penalty}
        tried.append((macro_f1(pairs, STRATEGIES), float("inf") if bias is None else bias, knobs))
    best = max(q for q, _, _ in tried)
    return min((row for row in tried if row[0] >= best - Q_SLACK), key=lambda row: row[1])[2]


def _adjusted(
    p: Floats, share: Floats, rows: Moments, tau: float, lam: float, penalty: float
) -> Floats:
    """What the planner computes (``strategy.Debias``), for all moments at once, [N, 8]."""
    book = table("understand/planner")["target"]
    target = np.array([[book[stage][s] / 100 for s in STRATEGIES] for stage in rows.stages])
    uses = np.array([[used.count(s) for s in STRATEGIES] for used in rows.used])
    odds: Floats = (
        np.log(p) - tau * np.log(share / 100) + lam * np.log(target) - penalty * uses
    ).astype(np.float32)
    return odds
