"""The bank of supporters: original, openly fictional styles of one and the same AI, as data.

A persona decides how a move is worded and spoken. Which move comes, the stage and everything about
safety are decided before it is asked. Fields: research notes 6.8 (CharacterChat's profile without
its life story), 6.9 (announced as a style, never as a person).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from codec.errors import SecoustiError
from voice_agent.contracts import Strategy
from voice_agent.think.grammar import Line, line_of
from voice_agent.think.tables import table, table_names

# Axes of a manner, each 0 to 1: cool-warm, tentative-frank, slow-brisk, grave-light, loose-ordered,
# follows the caller-takes the lead, casual-formal, practical-searching.
AXES = ("warmth", "directness", "pace", "humour", "structure", "lead", "formality", "depth")


@dataclass(frozen=True)
class Preset:
    """When the caller's turn holds ``situation`` and the planned move fits, say ``line``."""

    situation: str  # a table of data/understand/situations
    line: Line


@dataclass(frozen=True)
class Persona:
    """One supporter of ``data/personas``.

    ``style`` is an adjective phrase ("calm and slow"), ``about`` one line for a list. ``pace`` and
    ``pause`` multiply the length of sounds and of the silence between sentences. ``before`` and
    ``after`` are short sentences in its tone that may stand around a reply.
    """

    name: str
    style: str
    about: str
    manner: dict[str, float]
    pace: float
    pause: float
    topics: frozenset[str]
    feelings: frozenset[str]
    not_for: frozenset[str]  # topics and feelings it is a poor match for
    avoids: tuple[str, ...]
    greets: tuple[str, ...]
    takes_over: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    courtesies: dict[str, tuple[str, ...]]
    lines: dict[Strategy, tuple[Line, ...]] = field(repr=False)
    presets: tuple[Preset, ...] = field(repr=False)

    def says(self, courtesy: str) -> tuple[str, ...]:
        """Its own words for a courtesy of the call ("thanks", "silence" ...), or ()."""
        return self.courtesies.get(courtesy, ())


@cache
def bank() -> dict[str, Persona]:
    """Every supporter by lower-case name, in alphabetical order.

    Raises:
        SecoustiError: a file of the bank is not readable or does not announce fiction.
    """
    found = [_persona(name, table(f"personas/{name}")) for name in table_names("personas")]
    return {persona.name.lower(): persona for persona in found}


def persona_named(name: str) -> Persona | None:
    """The supporter of that name, any case; None for "", the house voice.

    Raises:
        SecoustiError: there is none of that name.
    """
    if not name:
        return None
    if name.lower() not in bank():
        known = ", ".join(persona.name for persona in bank().values())
        raise SecoustiError(f"There is no persona '{name}'; there are {known}.")
    return bank()[name.lower()]


def _persona(file: str, row: dict[str, Any]) -> Persona:
    if row.get("fictional_persona") is not True:
        raise SecoustiError(f"Persona '{file}' must say fictional_persona = true.")
    own = {
        Strategy(move): tuple(
            line_of(Strategy(move), f"{file}-{move}-{n}", _row(said))
            for n, said in enumerate(rows, 1)
        )
        for move, rows in row["says"].items()
    }
    good = row["good_for"]
    return Persona(
        name=row["name"],
        style=row["style"],
        about=row["about"],
        manner={axis: float(row["manner"][axis]) for axis in AXES},
        pace=float(row["speech"]["pace"]),
        pause=float(row["speech"]["pause"]),
        topics=frozenset(good["topics"]),
        feelings=frozenset(good["feelings"]),
        not_for=frozenset(row["not_for"]),
        avoids=tuple(row["avoids"]),
        greets=tuple(row["greets"]),
        takes_over=row["takes_over"],
        before=tuple(row["tone"]["before"]),
        after=tuple(row["tone"]["after"]),
        courtesies={name: tuple(texts) for name, texts in row["courtesies"].items()},
        lines=own,
        presets=tuple(_preset(file, n, entry) for n, entry in enumerate(row["presets"], 1)),
    )


def _row(said: str | dict[str, object]) -> dict[str, object]:
    """A line without conditions may be written as its bare text."""
    return {"say": said} if isinstance(said, str) else said


def _preset(file: str, number: int, row: dict[str, Any]) -> Preset:
    line = line_of(Strategy(row["move"]), f"{file}-preset-{number}", row)
    return Preset(row["when"], line)
