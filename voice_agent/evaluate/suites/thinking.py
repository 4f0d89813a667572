"""Suite ``thinking``: root cause, causal chain and thought trap of the private record.

Each line is a short talk, caller turns only. A step counts as found where the record has one of
like meaning; a chain is judged by the gold links whose cause the record puts before the effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from voice_agent.contracts import RiskState, Stage, ThinkingRecord, UserTurn
from voice_agent.evaluate.likeness import LIKE, alike
from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.evaluate.metrics import share
from voice_agent.evaluate.report import Report, grid, scored
from voice_agent.evaluate.suites.options import Options
from voice_agent.think.dialogue import Dialogue
from voice_agent.think.prototypes import Embed
from voice_agent.think.thinking import think


@dataclass(frozen=True)
class Judged:
    """One talk: what the record got right. ``links``: one truth value a gold link."""

    root: bool
    links: tuple[bool, ...]
    trap: bool


def run_thinking(path: Path, options: Options) -> Report:
    """Score lines of ``{"turns":[caller texts],"root","chain":[cause ... effect],"trap"}``."""
    rows = read_rows(path)
    records = [_record(row, options) for row in rows]
    judged = [_judged(row, r, options.memo) for row, r in zip(rows, records, strict=True)]
    shown = [
        (row.text("root"), record.root_cause or "", " > ".join(record.causal_chain))
        for row, record in zip(rows, records, strict=True)
    ]
    return Report(
        suite="thinking",
        n=len(rows),
        scores={
            "root cause": scored(judged, lambda j: share([one.root for one in j]), options.seed),
            "causal links": scored(judged, _links, options.seed),
            "some cause named": scored(
                records, lambda r: share([one.root_cause is not None for one in r]), options.seed
            ),
            "thought trap": scored(judged, lambda j: share([one.trap for one in j]), options.seed),
        },
        tables={"records": grid([str(n) for n in range(len(rows))], _COLUMNS, shown)},
        notes=(f"of like meaning: cosine >= {LIKE}",) if options.memo else ("compared by words",),
    )


_COLUMNS = ("gold root", "root", "chain")


def _record(row: Row, options: Options) -> ThinkingRecord:
    """The record after the talk's last turn."""
    dialogue, mind = Dialogue(), options.mind.understander
    record = ThinkingRecord(Stage.EXPLORATION)
    for number, text in enumerate(row.texts("turns")):
        dialogue.turn = number
        insight = mind.understand(UserTurn(text), number, topic=dialogue.topic)
        dialogue.hear(text, insight)
        record = think(dialogue, insight, Stage.EXPLORATION, RiskState())
    return record


def _judged(row: Row, record: ThinkingRecord, embed: Embed | None) -> Judged:
    gold, trap = row.texts("chain"), row.fields.get("trap")
    found = [_place(step, record.causal_chain, embed) for step in gold]
    links = tuple(a is not None and b is not None and a < b for a, b in pairwise(found))
    root = record.root_cause is not None and alike(row.text("root"), record.root_cause, embed)
    return Judged(root, links, record.thought_trap == trap)


def _place(step: str, chain: Sequence[str], embed: Embed | None) -> int | None:
    return next((n for n, said in enumerate(chain) if alike(step, said, embed)), None)


def _links(judged: Sequence[Judged]) -> float:
    return share([hit for one in judged for hit in one.links])
