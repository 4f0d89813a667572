"""Fit planner and tracker on the dialogue corpus; debias on families the planner did not see.

Nothing released is fitted on ESConv: it only measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from voice_agent.contracts import Stage, Strategy
from voice_agent.evaluate.corpus import corpus
from voice_agent.evaluate.fit.moments import (
    FOLDS,
    Decays,
    Moments,
    features_of,
    fit_head,
    folds_of,
    joined,
    moments,
    picked,
)
from voice_agent.evaluate.memo import Memo
from voice_agent.evaluate.metrics import macro_f1
from voice_agent.evaluate.preference import preference
from voice_agent.think.heads import Floats, Head
from voice_agent.think.strategy import LEAST_P, fitted_knobs, fitted_share
from voice_agent.think.tables import table

STRATEGIES = tuple(s.value for s in Strategy)
STAGES = tuple(s.value for s in Stage)
MOVE_DECAYS: tuple[Decays, ...] = ((3e-5, 1e-3, 3e-4), (3e-4, 3e-3, 1e-3), (1e-3, 1e-2, 1e-3))
STAGE_DECAYS = (3e-4, 1e-2, 1e-3)
LEAST_SHARE = 0.01  # percent
MOST_BIAS = 0.25  # B that is aimed at: the project's .36 less what unseen talks may add
TAUS = tuple(round(0.1 * step, 1) for step in range(11))
LAMBDAS = (0.0, 0.15, 0.3, 0.5)
PENALTIES = (0.0, 0.2, 0.4)


def fit_strategy(memo: Memo) -> Head:
    """The planner's head, fitted on train and validation families; its shares and the debiasing
    numbers are chosen on what heads fitted without a family say of it. The stages it is shown are
    those of a tracker that has not seen the family either: as sure, and as wrong, as in a call."""
    talks = [*corpus("train"), *corpus("valid")]
    folds = folds_of(talk.family for talk in talks)
    parts = [[talk for talk in talks if folds[talk.family] == n] for n in range(FOLDS)]
    plain = [moments(part, memo) for part in parts]
    rows = joined(*(
        moments(part, memo, _stage_head(joined(*(other for other in plain if other is not own))))
        for part, own in zip(parts, plain, strict=True)
    ))  # fmt: skip
    return planner_head(rows)


def planner_head(rows: Moments) -> Head:
    """A planner's head for these moments. How much it is held back, its shares and the debiasing
    numbers are chosen on what heads fitted without a family say of it: notes ``decays``, ``share``
    (percent), ``debias``, and ``held_out``, what it then scored (chosen on the same moments)."""
    trials = [_trial(held_out_shares(rows, decays), rows) for decays in MOVE_DECAYS]
    best = choose_debias([fit for trial in trials for fit in trial])
    decays = MOVE_DECAYS[next(n for n, trial in enumerate(trials) if best in trial)]
    head = fit_head(rows, rows.move_named, rows.strategies, STRATEGIES, 0.5, decays)
    scores = {"n": len(rows.strategies), "Q": round(100 * best.q, 1), "B": round(best.bias, 3)}
    share = {s: round(float(part), 2) for s, part in zip(STRATEGIES, best.share, strict=True)}
    notes = {"decays": decays, "share": share, "debias": best.knobs, "held_out": scores}
    return replace(head, notes=notes)


def choices(head: Head, rows: Moments) -> list[str]:
    """The strategies that a planner with this head favours, before its rules."""
    p = head.probabilities(features_of(head.recipe, rows, rows.move_named))
    share = np.array([fitted_share(head)[s] for s in STRATEGIES], np.float32)
    return _favoured(_adjusted(p, share, rows, **fitted_knobs(head)))


def _favoured(odds: Floats) -> list[str]:
    return [STRATEGIES[n] for n in odds.argmax(1)]


def held_out_shares(rows: Moments, decays: Decays) -> Floats:
    """Probabilities [N, 8] of each moment by a head that saw none of its family."""
    folds = folds_of(rows.families)
    fold = np.array([folds[family] for family in rows.families])
    p = np.zeros((len(fold), len(STRATEGIES)), np.float32)
    for number in range(FOLDS):
        seen, unseen = picked(rows, fold != number), picked(rows, fold == number)
        head = fit_head(seen, seen.move_named, seen.strategies, STRATEGIES, 0.5, decays)
        p[fold == number] = head.probabilities(features_of(head.recipe, unseen, unseen.move_named))
    return p


def fit_stage(memo: Memo) -> Head:
    """The tracker's head. Its probabilities are divided by the stages' shares in the fit, so that
    the tracker's own belief, not the corpus, is the prior."""
    return _stage_head(moments(corpus("train"), memo))


def _stage_head(train: Moments) -> Head:
    return fit_head(train, train.stage_named, train.stages, STAGES, 1.0, STAGE_DECAYS)


@dataclass(frozen=True)
class Debiased:
    """What held-out moments score with some debiasing numbers. ``q``: macro-F1, 0 to 1; ``bias``:
    B, infinite where it is undefined; ``share``: how often each strategy is favoured, percent."""

    q: float
    bias: float
    knobs: dict[str, float]
    share: Floats


def _trial(p: Floats, rows: Moments) -> list[Debiased]:
    """Every setting of the knobs on probabilities [N, 8] of held-out moments."""
    share = np.maximum(100 * p.mean(0), LEAST_SHARE)  # of a move that nobody makes, too
    made = []
    for tau, lam, penalty in product(TAUS, LAMBDAS, PENALTIES):
        knobs = {"tau": tau, "lam": lam, "repeat_penalty": penalty}
        said = _favoured(_adjusted(p, share, rows, **knobs))
        pairs = list(zip(rows.strategies, said, strict=True))
        bias = preference(pairs, STRATEGIES).bias
        q = macro_f1(pairs, STRATEGIES)
        made.append(Debiased(q, float("inf") if bias is None else bias, knobs, share))
    return made


def choose_debias(tried: Sequence[Debiased]) -> Debiased:
    """The best Q among those whose bias is small enough; the least bias where none is."""
    fair = [fit for fit in tried if fit.bias <= MOST_BIAS]
    return max(fair, key=lambda fit: fit.q) if fair else min(tried, key=lambda fit: fit.bias)


def _adjusted(
    p: Floats, share: Floats, rows: Moments, tau: float, lam: float, repeat_penalty: float
) -> Floats:
    """What the planner computes (``strategy.Debias``), for all moments at once, [N, 8]."""
    book = table("understand/planner")["target"]
    target = np.array([[book[stage][s] / 100 for s in STRATEGIES] for stage in rows.tracked])
    uses = np.array([[used.count(s) for s in STRATEGIES] for used in rows.used])
    odds: Floats = (
        np.log(np.maximum(p, LEAST_P))
        - tau * np.log(share / 100)
        + lam * np.log(target)
        - repeat_penalty * uses
    ).astype(np.float32)
    return odds
