"""Supporter turns with what was known before each: what planner and tracker are fitted on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from voice_agent.contracts import Stage
from voice_agent.evaluate.fit.softmax import balanced, common_terms, fit_softmax
from voice_agent.evaluate.memo import Memo
from voice_agent.evaluate.replay import heard_texts, tracked
from voice_agent.evaluate.talks import Talk
from voice_agent.think.dialogue import Dialogue
from voice_agent.think.heads import Floats, Head, Recipe, terms_of
from voice_agent.think.moves import (
    TERM_WORDS,
    moment_vector,
    move_signals,
    stage_shares,
    stage_signals,
)
from voice_agent.think.stage import StageTracker
from voice_agent.think.strategy import heard_signals
from voice_agent.think.understand import Insight, Understander

LEAST_FAMILIES = 8  # a word run counts once this many dialogue families use it
FOLDS = 4  # eight validation families alone leave B to chance: every family is held out once
Decays = tuple[float, float, float]  # L2 penalties of vectors, terms and signals


@dataclass(frozen=True)
class Moments:
    """Supporter turns with what was known before each. ``named``: signals of planner or tracker;
    ``stages``: as the corpus has them; ``tracked``: where the tracker was."""

    vectors: Floats  # [N, 768]
    terms: Sequence[set[str]]
    move_named: Sequence[dict[str, float]]
    stage_named: Sequence[dict[str, float]]
    strategies: Sequence[str]
    stages: Sequence[str]
    tracked: Sequence[str]
    used: Sequence[tuple[str, ...]]  # the last three moves
    families: Sequence[str]


def moments(talks: Sequence[Talk], memo: Memo, head: Head | None = None) -> Moments:
    """Every supporter turn that has a caller turn before it.

    Args:
        head: the tracker's, by which it believes the stages; without it the hand-set odds do.
    """
    memo.prefetch(text for talk in talks for text in heard_texts(talk))
    mind, rows = Understander(memo), []

    def shares(dialogue: Dialogue, insight: Insight) -> dict[Stage, float] | None:
        return stage_shares(head, dialogue, insight) if head else None

    for talk in talks:
        for moment, stage in tracked(talk, mind, StageTracker(), shares):
            dialogue, insight, gold = moment.dialogue, moment.insight, moment.gold
            heard = heard_signals(dialogue, insight, stage.stage)
            used = tuple(s.value for s in dialogue.strategies()[-3:])
            rows.append((
                moment_vector(dialogue, insight),
                terms_of(insight.heard.text, TERM_WORDS),
                move_signals(dialogue, heard, stage.p),
                stage_signals(dialogue, insight),
                gold.strategy, gold.stage, stage.stage.value, used, talk.family,
            ))  # fmt: skip
    vectors, *columns = zip(*rows, strict=True)
    return Moments(np.stack(vectors), *columns)


def joined(*parts: Moments) -> Moments:
    """The moments of several splits as one."""
    columns = [f.name for f in fields(Moments) if f.name != "vectors"]
    rest = [[row for part in parts for row in getattr(part, name)] for name in columns]
    return Moments(np.concatenate([part.vectors for part in parts]), *rest)


def folds_of(families: Iterable[str]) -> dict[str, int]:
    """The fold of each family, 0 to ``FOLDS`` - 1."""
    return {family: n % FOLDS for n, family in enumerate(sorted(set(families)))}


def picked(rows: Moments, wanted: NDArray[np.bool_]) -> Moments:
    """The moments of a mask [N]."""
    columns = [f.name for f in fields(Moments) if f.name != "vectors"]
    rest = [[row for row, keep in zip(getattr(rows, name), wanted, strict=True) if keep]
            for name in columns]  # fmt: skip
    return Moments(rows.vectors[wanted], *rest)


def fit_head(
    train: Moments,
    named: Sequence[dict[str, float]],
    gold: Sequence[str],
    labels: tuple[str, ...],
    power: float,
    decays: Decays,
) -> Head:
    """A softmax over ``labels``.

    Args:
        named: signals of each moment. gold: its label. power: how far labels are evened
            out, 0 to 1.
    """
    terms = common_terms(train.terms, train.families, LEAST_FAMILIES)
    signals = sorted({name for row in named for name in row})
    recipe = Recipe(train.vectors.shape[1], tuple(terms), tuple(signals))
    sizes = (recipe.width, len(terms), len(signals))
    decay = np.repeat(np.array(decays, np.float32), sizes)
    weights, bias = fit_softmax(
        features_of(recipe, train, named),
        np.array([labels.index(label) for label in gold]),
        balanced(gold, power=power),
        len(labels),
        decay,
    )
    return Head(labels, recipe, weights, bias, {})


def features_of(recipe: Recipe, rows: Moments, named: Sequence[dict[str, float]]) -> Floats:
    """What a head of this recipe sees of each moment, [N, F]."""
    seen = zip(rows.vectors, rows.terms, named, strict=True)
    return np.stack([recipe.features(*row) for row in seen]).astype(np.float32)
