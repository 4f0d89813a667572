"""Suites ``strategy`` and ``strategy-metrics``: proficiency Q and preference bias B."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from codec.errors import SecoustiError
from voice_agent.evaluate.decisions import STRATEGIES, Decision, decide
from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.evaluate.metrics import Pairs, confusion, f1_scores, macro_f1, weighted_f1
from voice_agent.evaluate.preference import preference
from voice_agent.evaluate.report import Report, Score, Table, grid, scored
from voice_agent.evaluate.suites.options import Options
from voice_agent.evaluate.talks import Talk

Q_AIM, B_AIM = ">= 22", "<= 0.36"


def run_strategy(path: Path, options: Options) -> Report:
    """Measure the planner on dialogues whose supporter turns carry a strategy."""
    written = options.talks(path)
    talks = [decide(talk, options.mind) for talk in written]
    talks = [[d for d in talk if d.gold] for talk in talks]
    talks = [talk for talk in talks if talk]
    if not talks:
        raise SecoustiError(
            f"{path} has no supporter turn with field 'strategy'; nothing to score."
        )
    pairs = [_scored(talk) for talk in talks]
    spoken = [[(d.gold, d.spoken) for d in talk] for talk in talks]
    report = _report("strategy", pairs, options.seed)
    scores = {**report.scores, **_also(spoken, "under the rules", options.seed)}
    if options.refit is not None:
        held_out = _refitted(written, options, options.refit)
        scores |= _also(held_out, "fitted to this data", options.seed, aims=True)
    return Report(
        suite="strategy",
        n=report.n,
        scores=scores,
        tables={**report.tables, "transitions": _transitions(talks)},
        notes=(
            *report.notes,
            "scores are the planner's favourite before its rules; the rules of consent differ from "
            "these supporters' habits on purpose, so both are shown",
        ),
    )


def _refitted(talks: list[Talk], options: Options, path: Path) -> list[list[tuple[str, str]]]:
    if options.memo is None:
        raise SecoustiError("A planner is fitted on sentence vectors: do not leave them out.")
    from voice_agent.evaluate.fit.refit import refit_planner  # torch: only where it is wanted

    return refit_planner(talks, options.memo, path)


def _also(groups: Sequence[Pairs], how: str, seed: int, *, aims: bool = False) -> dict[str, Score]:
    scores = _scores(groups, seed, aims)
    return {f"{name} {how}": scores[name] for name in ("Q", "B")}


def run_metrics(path: Path, options: Options) -> Report:
    """The same numbers from given predictions: lines of ``{"gold", "predicted"}``."""
    return _report("strategy-metrics", [[_pair(row)] for row in read_rows(path)], options.seed)


def _pair(row: Row) -> tuple[str, str]:
    return row.choice("gold", STRATEGIES), row.choice("predicted", STRATEGIES)


def _scored(talk: Sequence[Decision]) -> list[tuple[str, str]]:
    return [(d.gold, d.scored) for d in talk]


def _report(suite: str, groups: Sequence[Pairs], seed: int) -> Report:
    pairs = _flat(groups)
    fitted = preference(pairs, STRATEGIES)
    f1 = f1_scores(pairs, STRATEGIES)
    gold, said = Counter(g for g, _ in pairs), Counter(p for _, p in pairs)
    rows = [
        (gold[s], said[s], round(100 * f1[s], 2), round(fitted.p[s], 3) if fitted.p else None)
        for s in STRATEGIES
    ]
    return Report(
        suite=suite,
        n=len(pairs),
        scores=_scores(groups, seed),
        tables={
            "strategies": grid(STRATEGIES, ("gold", "predicted", "F1", "preference p"), rows),
            "confusion": grid(STRATEGIES, STRATEGIES, confusion(pairs, STRATEGIES)),
        },
        notes=(f"B is undefined: {fitted.reason}",) if fitted.bias is None else (),
    )


def _scores(groups: Sequence[Pairs], seed: int, aims: bool = True) -> dict[str, Score]:
    return {
        "Q": scored(groups, _q, seed, Q_AIM if aims else "", "macro-F1 x 100"),
        "weighted F1": scored(groups, _weighted, seed, note="x 100"),
        "B": scored(groups, _b, seed, B_AIM if aims else "", "preference bias"),
    }


def _q(groups: Sequence[Pairs]) -> float:
    return 100 * macro_f1(_flat(groups), STRATEGIES)


def _weighted(groups: Sequence[Pairs]) -> float:
    return 100 * weighted_f1(_flat(groups), STRATEGIES)


def _b(groups: Sequence[Pairs]) -> float | None:
    return preference(_flat(groups), STRATEGIES).bias


def _flat(groups: Sequence[Pairs]) -> list[tuple[str, str]]:
    return [pair for group in groups for pair in group]


def _transitions(talks: Sequence[Sequence[Decision]]) -> Table:
    """Counts [strategy][next strategy] of what the planner would have done."""
    steps = [(a.scored, b.scored) for talk in talks for a, b in pairwise(talk)]
    return grid(STRATEGIES, STRATEGIES, confusion(steps, STRATEGIES))
