"""Suite ``practice``: ratings of the seven DEAR MAN skills against given ones.

Lines that carry ``predicted`` are scored as they are; the others are rated by the practice mode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.evaluate.metrics import accuracy, confusion, macro_f1, share
from voice_agent.evaluate.report import Report, Score, grid, scored
from voice_agent.evaluate.suites.options import Options
from voice_agent.think.heads import packaged_head
from voice_agent.think.practice.rater import Rater
from voice_agent.think.practice.skills import Level, Skill
from voice_agent.think.settings import Part

SKILLS = tuple(skill.value for skill in Skill)
LEVELS = tuple(level.value for level in Level)
Triple = tuple[str, str, str]  # skill, gold level, predicted level
Rate = Callable[[str], dict[Skill, Level]]


def run_practice(path: Path, options: Options) -> Report:
    """Score ``{"situation","utterance","ratings":{skill:level},"predicted"?:{...}}``."""
    rows_read = read_rows(path)
    given = [_given(row) for row in rows_read]
    texts = [row.text("utterance") for row in rows_read if "predicted" not in row.fields]
    options.prefetch(texts)
    groups = _rated(rows_read, given, _rater(options).rate)
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
            "macro-F1": scored(groups, lambda g: macro_f1(_levels(g), LEVELS), options.seed),
            **_baselines(rows_read, given, groups, options, own=bool(texts)),
        },
        tables={
            "skills": grid(SKILLS, ("n", "agreement", "mean error"), rows),
            "confusion": grid(LEVELS, LEVELS, confusion([(g, p) for _, g, p in flat], LEVELS)),
        },
        notes=(
            f"{len(texts)} lines rated here, {len(rows_read) - len(texts)} scored as 'predicted'",
        ),
    )


def _rater(options: Options) -> Rater:
    learnt = options.memo is not None and Part.HEADS not in options.settings.leave_out
    return Rater(packaged_head("practice") if learnt else None, options.memo)


def _given(row: Row) -> dict[str, str]:
    """Skill -> level of the skills that the line's writer rated."""
    row.text("situation"), row.text("utterance")
    return _levels_of(row, "ratings")


def _levels_of(row: Row, name: str) -> dict[str, str]:
    field = Row(f"{row.place}, {name}", row.table(name))
    for skill in field.fields:
        if skill not in SKILLS:
            raise field.fault(f"skill '{skill}' is unknown; known: {', '.join(SKILLS)}.")
    return {skill: field.choice(skill, LEVELS) for skill in SKILLS if skill in field.fields}


def _rated(rows: Sequence[Row], given: Sequence[dict[str, str]], rate: Rate) -> list[list[Triple]]:
    """(skill, gold level, predicted level) of every rated skill, a list a line."""
    return [_pairs(row, gold, rate) for row, gold in zip(rows, given, strict=True)]


def _pairs(row: Row, gold: dict[str, str], rate: Rate) -> list[Triple]:
    if "predicted" in row.fields:
        said = _levels_of(row, "predicted")
        missing = next((skill for skill in gold if skill not in said), None)
        if missing:
            raise row.fault(f"field 'predicted' has no level for '{missing}'.")
    else:
        said = {skill.value: level.value for skill, level in rate(row.text("utterance")).items()}
    return [(skill, level, said[skill]) for skill, level in gold.items()]


def _baselines(
    rows: Sequence[Row],
    given: Sequence[dict[str, str]],
    groups: Sequence[Sequence[Triple]],
    options: Options,
    *,
    own: bool,
) -> dict[str, Score]:
    """What always saying each skill's commonest level reaches, and what the rules alone do."""
    usual = {
        skill: Counter(gold for s, gold, _ in _flat(groups) if s == skill).most_common(1)
        for skill in SKILLS
    }
    plain = [[(s, gold, usual[s][0][0]) for s, gold, _ in group] for group in groups]
    found = {"commonest level": scored(plain, lambda g: accuracy(_levels(g)), options.seed)}
    if own:
        ruled = _rated(rows, given, Rater().rate)
        found["rules alone"] = scored(ruled, lambda g: accuracy(_levels(g)), options.seed)
    return found


def _flat(groups: Sequence[Sequence[Triple]]) -> list[Triple]:
    return [triple for group in groups for triple in group]


def _levels(groups: Sequence[Sequence[Triple]]) -> list[tuple[str, str]]:
    return [(gold, said) for _, gold, said in _flat(groups)]


def _error(pairs: Sequence[tuple[str, str]]) -> float:
    """Mean distance in levels (none, weak, strong)."""
    gaps = [abs(LEVELS.index(gold) - LEVELS.index(said)) for gold, said in pairs]
    return sum(gaps) / len(gaps) if gaps else 0.0


def _near(pairs: Sequence[tuple[str, str]]) -> float:
    return share([abs(LEVELS.index(gold) - LEVELS.index(said)) <= 1 for gold, said in pairs])
