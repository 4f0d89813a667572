"""Suite ``practice``: ratings of the seven DEAR MAN skills against given ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.evaluate.metrics import accuracy, confusion, share
from voice_agent.evaluate.report import Report, grid, scored
from voice_agent.evaluate.suites.options import Options

SKILLS = (
    "describe", "express", "assert", "reinforce", "mindful", "appear_confident", "negotiate",
)  # fmt: skip
LEVELS = ("none", "weak", "strong")


def run_practice(path: Path, options: Options) -> Report:
    """Score given ratings: ``{"situation","utterance","ratings":{skill:level},"predicted":{...}}``.

    The suite scores; whoever rates, the practice mode or another program, writes ``predicted``.
    """
    groups = [_pairs(row) for row in read_rows(path)]
    flat = _flat(groups)
    by_skill = [(s, [(g, p) for skill, g, p in flat if skill == s]) for s in SKILLS]
    rows = [
        (len(pairs), round(accuracy(pairs), 3), round(_error(pairs), 3)) for _, pairs in by_skill
    ]
    return Report(
        suite="practice",
        n=len(flat),
        scores={
            "agreement": scored(groups, lambda g: accuracy(_levels(g)), options.seed, ">= 0.75"),
            "one-level error": scored(groups, lambda g: _error(_levels(g)), options.seed, "<= 0.3"),
            "within one level": scored(groups, lambda g: _near(_levels(g)), options.seed),
        },
        tables={
            "skills": grid(SKILLS, ("n", "agreement", "mean error"), rows),
            "confusion": grid(LEVELS, LEVELS, confusion([(g, p) for _, g, p in flat], LEVELS)),
        },
        notes=("scores the ratings in field 'predicted'",),
    )


def _pairs(row: Row) -> list[tuple[str, str, str]]:
    """(skill, gold level, predicted level) of every skill that the line rates."""
    row.text("situation"), row.text("utterance")
    gold, said = (Row(f"{row.place}, {f}", row.table(f)) for f in ("ratings", "predicted"))
    for field in (gold, said):
        for name in field.fields:
            if name not in SKILLS:
                raise field.fault(f"skill '{name}' is unknown; known: {', '.join(SKILLS)}.")
    return [(s, gold.choice(s, LEVELS), said.choice(s, LEVELS)) for s in SKILLS if s in gold.fields]


def _flat(groups: Sequence[Sequence[tuple[str, str, str]]]) -> list[tuple[str, str, str]]:
    return [triple for group in groups for triple in group]


def _levels(groups: Sequence[Sequence[tuple[str, str, str]]]) -> list[tuple[str, str]]:
    return [(gold, said) for _, gold, said in _flat(groups)]


def _error(pairs: Sequence[tuple[str, str]]) -> float:
    """Mean distance in levels (none, weak, strong)."""
    gaps = [abs(LEVELS.index(gold) - LEVELS.index(said)) for gold, said in pairs]
    return sum(gaps) / len(gaps) if gaps else 0.0


def _near(pairs: Sequence[tuple[str, str]]) -> float:
    return share([abs(LEVELS.index(gold) - LEVELS.index(said)) <= 1 for gold, said in pairs])
