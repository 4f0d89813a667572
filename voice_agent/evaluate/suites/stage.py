"""Suite ``stage``: does the tracker stand where the talk stands, and move when it moves?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from voice_agent.evaluate.changes import change_f1
from voice_agent.evaluate.decisions import STAGES, Decision, decide
from voice_agent.evaluate.metrics import accuracy, confusion, macro_f1
from voice_agent.evaluate.report import Report, grid, scored
from voice_agent.evaluate.suites.options import Options

Talks = Sequence[Sequence[Decision]]


def run_stage(path: Path, options: Options) -> Report:
    """Measure the stage tracker; dialogues without stages get silver ones from strategies."""
    talks = options.talks(path)
    made = [decide(talk, options.mind) for talk in talks]
    made = [[d for d in talk if d.gold_stage] for talk in made]
    made = [talk for talk in made if talk]
    silver = not any(turn.stage for talk in talks for turn in talk.turns)
    pairs = _pairs(made)
    note = "silver stages: the majority of the strategies around each turn" if silver else ""
    return Report(
        suite="stage",
        n=len(pairs),
        scores={
            "accuracy": scored(made, lambda t: accuracy(_pairs(t)), options.seed, ">= 0.7"),
            "macro-F1": scored(made, lambda t: macro_f1(_pairs(t), STAGES), options.seed),
            "change-point F1": scored(made, _change, options.seed, ">= 0.45", "within 2 turns"),
        },
        tables={"confusion": grid(STAGES, STAGES, confusion(pairs, STAGES))},
        notes=(note,) if note else (),
    )


def _pairs(talks: Talks) -> list[tuple[str, str]]:
    return [(d.gold_stage, d.stage) for talk in talks for d in talk]


def _change(talks: Talks) -> float:
    return change_f1([([d.gold_stage for d in t], [d.stage for d in t]) for t in talks])
