"""The scenes of the benchmark: read aloud by people, and told by a synthetic voice.

*narrated* and *sentences*: utterances of the ``valid`` split of a speech table: two people who read
a novel, with all the pauses they make themselves, and three who say single sentences. The others
are spoken by the agent's own voice, piece by piece: *told*, what callers say in the dialogue corpus
(``valid`` split); *searching*, who pause to think in the middle of a sentence; *answering*, short
and whole. Three paces take turns. What is said over the agent is heard by itself.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from codec.bench.extract import TABLE_COLUMNS, read_member
from codec.bench.manifest import read_table
from codec.errors import SecoustiError
from voice_agent.evaluate.corpus import corpus
from voice_agent.evaluate.talks import CALLER
from voice_agent.evaluate.turns.scenes import PACES_MS, Pcm, Scene, TurnClips, lay_out

DATA = Path(__file__).parents[2] / "data"
CLAUSE = re.compile(r"[^,.?!;:]+[,.?!;:]+[\"']?|[^,.?!;:]+$")
TOLD_TURNS = 5
TOLD_WORDS = range(6, 32)  # of a turn: neither a mere yes nor a speech
CLAUSE_WORDS = 3  # shorter ones are said in one breath with the next

Speak = Callable[[str], Pcm]


@dataclass(frozen=True)
class Remark:
    """Something said while the agent speaks; ``takes``: to take the floor, and not only to show
    that one listens."""

    text: str
    takes: bool


@cache
def plan() -> dict[str, Any]:
    """The lists of ``data/evaluate/turn_scenes.json``."""
    found: dict[str, Any] = json.loads(
        (DATA / "evaluate" / "turn_scenes.json").read_text(encoding="utf-8")
    )
    return found


def read_scenes(table: Path, seed: int = 0) -> Iterator[Scene]:
    """Scenes of recorded people.

    Raises:
        SecoustiError: ``table`` has not the utterances that the list names.
    """
    rows = {row["id"]: row for _, row in read_table(table, TABLE_COLUMNS)}
    paces, rng = cycle(PACES_MS), random.Random(seed)
    for caller in plan()["read"]:
        turns = [_recorded(table, rows, ids) for ids in caller]
        kind = "narrated" if rows[caller[0][0]]["source"] == "librispeech" else "sentences"
        yield lay_out(caller[0][0], kind, turns, next(paces), rng)


def spoken_scenes(speak: Speak, seed: int = 0) -> Iterator[Scene]:
    """Scenes whose callers' words ``speak`` says."""
    paces, rng = cycle(PACES_MS), random.Random(seed)
    for kind, name, turns in _callers():
        clips = [TurnClips(tuple(map(speak, pieces)), " ".join(pieces)) for pieces in turns]
        yield lay_out(name, kind, clips, next(paces), rng)


def remarks() -> list[Remark]:
    """What is said over the agent."""
    over = plan()["over the agent"]
    return [Remark(text, takes) for takes in (False, True) for text in over[_OVER[takes]]]


_OVER = ("listening", "taking")


def _callers() -> Iterator[tuple[str, str, list[list[str]]]]:
    """Kind, name and turns of each caller, every turn in pieces."""
    families = set()
    for talk in corpus("valid"):
        texts = [t.text for t in talk.turns if t.who == CALLER and _tellable(t.text)]
        if talk.family not in families and len(texts) >= TOLD_TURNS:
            families.add(talk.family)
            yield "told", talk.id, [clauses(text) for text in texts[:TOLD_TURNS]]
    for number, caller in enumerate(plan()["searching"]):
        yield "searching", f"searching-{number}", caller
    for number, answers in enumerate(plan()["answering"]):
        yield "answering", f"answering-{number}", [[answer] for answer in answers]


def clauses(text: str) -> list[str]:
    """``text`` where a speaker may pause: after a comma or a stop, but not after a mere word."""
    parts: list[str] = []
    for part in CLAUSE.findall(text):
        if parts and len(parts[-1].split()) < CLAUSE_WORDS:
            parts[-1] = f"{parts[-1]} {part.strip()}"
        else:
            parts.append(part.strip())
    return [part for part in parts if re.search(r"\w", part)]


def _tellable(text: str) -> bool:
    return len(text.split()) in TOLD_WORDS and len(clauses(text)) > 1


def _recorded(table: Path, rows: dict[str, dict[str, str]], ids: Sequence[str]) -> TurnClips:
    missing = [name for name in ids if name not in rows]
    if missing:
        raise SecoustiError(
            f"{table} has no recording {missing[0]!r}: the turns are made of the project's own "
            "speech table, valid split"
        )
    clips = tuple(
        np.asarray(read_member(table.parent, rows[name]["file"]), np.float32) for name in ids
    )
    return TurnClips(clips, " ".join(rows[name]["transcript"] for name in ids))
