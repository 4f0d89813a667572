"""What a suite leaves behind: scores with intervals and aims, tables, and how they came about."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from codec.errors import SecoustiError
from voice_agent.evaluate.bootstrap import interval

T = TypeVar("T")
EMBEDDED, ENDPOINT = "embedded", "endpoint"


@dataclass(frozen=True)
class Score:
    """One number. ``low``/``high``: bootstrap interval. ``aim``: "" or e.g. ">= 0.7"."""

    value: float | None
    low: float | None = None
    high: float | None = None
    aim: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None where there is none."""
        if not self.aim:
            return None
        sign, bound = self.aim.split()
        if self.value is None:
            return False
        return self.value >= float(bound) if sign == ">=" else self.value <= float(bound)


@dataclass(frozen=True)
class Table:
    """A labelled grid of numbers or words."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Report:
    """One run of one suite. ``n`` counts scored items; ``seconds`` is the wall time."""

    suite: str
    n: int
    scores: dict[str, Score]
    tables: dict[str, Table] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    mode: str = EMBEDDED
    data: str = ""
    seed: int = 0
    seconds: float = 0.0
    command: str = ""


def scored(
    groups: Sequence[T],
    score: Callable[[Sequence[T]], float | None],
    seed: int,
    aim: str = "",
    note: str = "",
) -> Score:
    """The score of all groups with its bootstrap interval."""
    value, span = score(groups), interval(groups, score, seed)
    low, high = span if span else (None, None)
    return Score(value, low, high, aim, note)


def grid(rows: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[Any]]) -> Table:
    """A table from any sequences."""
    return Table(tuple(rows), tuple(columns), tuple(tuple(row) for row in cells))


def write_reports(path: Path, reports: Sequence[Report]) -> None:
    """Write the runs of one suite (embedded and, apart from it, endpoint) as JSON.

    Raises:
        SecoustiError: the file cannot be written.
    """
    runs = [_unfolded(report) for report in reports]
    text = json.dumps({"reports": runs}, indent=1, ensure_ascii=False)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as fault:
        raise SecoustiError(f"The report {path} cannot be written ({fault}).") from fault


def _unfolded(report: Report) -> dict[str, Any]:
    value = asdict(report)
    for name, score in report.scores.items():
        value["scores"][name]["met"] = score.met
    return value


def read_reports(path: Path) -> list[Report]:
    """The runs of one report file.

    Raises:
        SecoustiError: the file is not a report of ``secousti eval``.
    """
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))["reports"]
        return [_folded(run) for run in runs]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise SecoustiError(
            f"{path} is not a report of 'secousti eval' ({fault}); make one with --json."
        ) from fault


def _folded(run: dict[str, Any]) -> Report:
    scores = {
        name: Score(**{key: value for key, value in score.items() if key != "met"})
        for name, score in run["scores"].items()
    }
    tables = {
        name: grid(table["rows"], table["columns"], table["cells"])
        for name, table in run["tables"].items()
    }
    notes = tuple(run["notes"])
    return Report(**{**run, "scores": scores, "tables": tables, "notes": notes})


def summary(report: Report) -> str:
    """A report as lines for a terminal."""
    head = f"{report.suite} ({report.mode}), n = {report.n}, {report.seconds:.1f} s"
    lines = [head, *(f"  {_line(name, score)}" for name, score in report.scores.items())]
    return "\n".join([*lines, *(f"  note: {note}" for note in report.notes)])


def _line(name: str, score: Score) -> str:
    value = "undefined" if score.value is None else f"{score.value:.3f}"
    span = "" if score.low is None else f"  [{score.low:.3f}, {score.high:.3f}]"
    verdict = "" if score.met is None else f"  aim {score.aim}: {'met' if score.met else 'MISSED'}"
    note = f"  ({score.note})" if score.note else ""
    return f"{name:<28} {value:>9}{span}{verdict}{note}"
