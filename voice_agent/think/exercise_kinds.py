"""Which exercises there are, when each is offered, and by which names callers ask for it."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from codec.errors import SecoustiError
from voice_agent.contracts import Stage
from voice_agent.think.activity import Activity, Moment, says
from voice_agent.think.exercise import Course, Exercise, Step, slots
from voice_agent.think.tables import table, table_names
from voice_agent.think.words import Heard

EXPECTS = ("words", "plan", "number", "done")
SET_ON_CHANGE = 0.5  # of change talk, from which the caller has a way of their own
SETTLED_IN = 3  # caller turns before anything but a calming exercise is offered


@dataclass(frozen=True)
class Fits:
    """When it may be offered: in these stages, on any of the other signs.

    ``soon``: also at the very start of a call, for what calms.
    """

    soon: bool
    never: frozenset[str]  # topics in which it would be out of place
    stages: frozenset[Stage]
    traps: bool
    topics: frozenset[str]
    feelings: frozenset[str]
    cues: re.Pattern[str] | None

    def now(self, moment: Moment) -> bool:
        if moment.stage not in self.stages or (moment.number < SETTLED_IN and not self.soon):
            return False
        if moment.insight.record.topic in self.never:
            return False
        if self.traps and moment.thinking.thought_trap:
            return True
        if self.cues is not None and self.cues.search(moment.heard.text):
            return True
        about = moment.insight.record.topic in self.topics
        return about and moment.insight.feeling in self.feelings


@dataclass(frozen=True)
class ExerciseKind:
    """One exercise of ``data/exercises``; the :class:`~voice_agent.think.activity.Kind` of it."""

    course: Course
    asked: re.Pattern[str]
    offers: tuple[str, ...]
    fits: Fits

    @property
    def name(self) -> str:
        return self.course.name

    def asked_for(self, heard: Heard) -> bool:
        """Whether the caller asks for it by name."""
        return bool(self.asked.search(heard.text)) and says("ask", heard)

    def offer(self, moment: Moment) -> str | None:
        """A question that offers it, where the moment fits.

        Not to somebody who has just turned an idea down, asks for advice or has found a way.
        """
        said = moment.insight.record
        if said.rejection or said.consent or said.change_talk >= SET_ON_CHANGE:
            return None
        if not self.fits.now(moment):
            return None
        return self.offers[moment.number % len(self.offers)]

    def make(self, moment: Moment) -> Activity:
        """A new one."""
        return Exercise(self.course, random.Random(moment.number))

    def restore(self, state: dict[str, Any]) -> Activity:
        """One as :meth:`Exercise.state` left it."""
        made = Exercise(self.course, random.Random(state["at"]))
        made.take_up(state)
        return made


@cache
def exercises() -> tuple[ExerciseKind, ...]:
    """Every exercise; raises :class:`SecoustiError` for data that does not hold together."""
    return tuple(_kind(name) for name in table_names("exercises"))


def _kind(name: str) -> ExerciseKind:
    book = table(f"exercises/{name}")
    try:
        course = Course(
            name=name, why=book["why"], settles=book.get("settles", ""),
            closing=tuple(book["closing"]), steps=tuple(_step(row) for row in book["step"]),
        )  # fmt: skip
        kind = ExerciseKind(
            course, _any(book["asked_for"]), tuple(book["offer"]), _fits(book["fits"])
        )
    except (KeyError, ValueError, re.error) as fault:
        raise SecoustiError(f"exercise '{name}' cannot be used: {fault!r}") from fault
    kept = {step.keep for step in course.steps}
    if slots(course.closing[-1]) or any(not slots(said) <= kept for said in course.closing):
        raise SecoustiError(f"exercise '{name}': its closing says back what no step keeps")
    return kind


def _step(row: dict[str, Any]) -> Step:
    if row["expects"] not in EXPECTS:
        raise ValueError(f"step {row['id']} expects {row['expects']!r}, not one of {EXPECTS}")
    return Step(
        id=row["id"], expects=row["expects"], ask=tuple(row["ask"]), more=tuple(row["more"]),
        met=tuple(row.get("met", ())), keep=row.get("keep", ""), least=row.get("least", 1),
    )  # fmt: skip


def _fits(row: dict[str, Any]) -> Fits:
    return Fits(
        soon=row.get("soon", False),
        never=frozenset(row.get("never", ())),
        stages=frozenset(Stage(name) for name in row["stages"]),
        traps=row.get("traps", False),
        topics=frozenset(row.get("topics", ())),
        feelings=frozenset(row.get("feelings", ())),
        cues=_any(row["cues"]) if "cues" in row else None,
    )


def _any(cues: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{cue})" for cue in cues))
