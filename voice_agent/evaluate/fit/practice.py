"""Fit the rater of rehearsed lines: seven three-way fits over one set of features, in one head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from voice_agent.evaluate.fit.softmax import balanced, common_terms, fit_softmax
from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.evaluate.memo import Memo
from voice_agent.think.heads import Floats, Head, Recipe, terms_of
from voice_agent.think.practice.rater import LABELS
from voice_agent.think.practice.signals import signals
from voice_agent.think.practice.skills import Level, Skill
from voice_agent.think.words import hear

LEAST_TERMS, LEAST_SIGNALS = 4, 2  # situation families that must use a word run, a signal
# L2 penalties and evening-out of levels, chosen by cross-validation over train and valid families.
VECTOR_DECAY, TERM_DECAY, SIGNAL_DECAY, EVENNESS = 1e-3, 3e-3, 2e-3, 0.5


@dataclass(frozen=True)
class RatedLine:
    """One rehearsed line with the level its writer gave each skill."""

    family: str
    text: str
    ratings: dict[Skill, Level]


def rated_lines(*splits: str) -> list[RatedLine]:
    """Every rated line of some splits ("train", "valid", "test", "blind").

    Raises:
        SecoustiError: a malformed file.
    """
    return [_line(row) for split in splits for row in read_rows(practice_file(split))]


def practice_file(name: str) -> Path:
    """A packaged file of rated lines by its split."""
    folder = resources.files("voice_agent").joinpath("data", "practice")
    return Path(str(folder.joinpath(f"{name}.jsonl")))


def _line(row: Row) -> RatedLine:
    given = Row(f"{row.place}, ratings", row.table("ratings"))
    levels = {skill: Level(given.choice(skill, [*Level])) for skill in Skill}
    return RatedLine(row.text("family"), row.text("utterance"), levels)


def fit_practice(memo: Memo) -> Head:
    """Fit on the train and valid families; test and blind are only read by ``secousti eval``."""
    return fit_rater(rated_lines("train", "valid"), memo)


def fit_rater(lines: Sequence[RatedLine], memo: Memo) -> Head:
    """The head of :class:`~voice_agent.think.practice.rater.Rater` for these lines."""
    texts, families = [line.text for line in lines], [line.family for line in lines]
    vectors = memo(texts)
    terms = [terms_of(hear(text).text) for text in texts]
    heard = [signals(text) for text in texts]
    recipe = Recipe(
        vectors.shape[1],
        tuple(common_terms(terms, families, LEAST_TERMS)),
        tuple(common_terms([found.keys() for found in heard], families, LEAST_SIGNALS)),
    )
    rows = zip(vectors, terms, heard, strict=True)
    x = np.stack([recipe.features(*row) for row in rows]).astype(np.float32)
    fits = [_fit_skill(skill, lines, x, _decay(recipe)) for skill in Skill]
    weights = np.concatenate([w for w, _ in fits], axis=1)
    bias = np.concatenate([b for _, b in fits])
    return Head(LABELS, recipe, weights, bias, {"lines": len(lines)})


def _fit_skill(
    skill: Skill, lines: Sequence[RatedLine], x: Floats, decay: Floats
) -> tuple[Floats, Floats]:
    levels = [line.ratings[skill] for line in lines]
    gold = np.array([level.rank for level in levels])
    return fit_softmax(x, gold, balanced(levels, power=EVENNESS), len(Level), decay)


def _decay(recipe: Recipe) -> Floats:
    sizes = (recipe.width, len(recipe.terms), len(recipe.signals))
    return np.repeat(np.array([VECTOR_DECAY, TERM_DECAY, SIGNAL_DECAY], np.float32), sizes)
