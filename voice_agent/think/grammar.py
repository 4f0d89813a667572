"""The template grammar: lines with slots and choices, and which of them fit a moment."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from voice_agent.contracts import Stage, Strategy
from voice_agent.think.tables import table

_SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\[([^\[\]]+)\]")


@dataclass(frozen=True)
class Line:
    """One template line of ``data/replies``.

    ``on``: a signal that must hold for it (see :class:`Moment`). ``plain``: needs no slots.
    """

    id: str
    say: str
    strategy: Strategy
    slots: frozenset[str]
    stages: frozenset[str]
    feelings: frozenset[str]
    not_feelings: frozenset[str]
    topics: frozenset[str]
    tone: str
    on: str
    asks: str
    plain: bool
    mild: bool
    after: str


@cache
def lines(strategy: Strategy) -> tuple[Line, ...]:
    """All lines of one strategy, in file order."""
    rows = table(f"replies/{strategy.value}")["lines"]
    return tuple(line_of(strategy, f"{strategy.value}-{n}", row) for n, row in enumerate(rows, 1))


def line_of(strategy: Strategy, name: str, row: dict[str, object]) -> Line:
    """One row of a table of lines; ``name`` becomes its id."""

    def names(key: str) -> frozenset[str]:
        value = row.get(key, ())
        assert isinstance(value, (list, tuple))
        return frozenset(str(item) for item in value)

    say = str(row["say"])
    return Line(
        id=name,
        say=say,
        strategy=strategy,
        slots=frozenset(_SLOT.findall(say)),
        stages=names("stages"),
        feelings=names("feelings"),
        not_feelings=names("not_feelings"),
        topics=names("topics"),
        tone=str(row.get("tone", "")),
        on=str(row.get("on", "")),
        asks=str(row.get("asks", "")),
        plain=bool(row.get("plain", False)),
        mild=bool(row.get("mild", False)),
        after=str(row.get("after", "")),
    )


@dataclass(frozen=True)
class Moment:
    """What a line is held against.

    ``on``: signals of this turn: rejection, declined, too_early, commit, change, coping, taken (an
    idea), judged (themselves), verdict (to be looked at), looked (it was). ``known``:
    what need not be asked any more, or not yet.
    """

    stage: Stage
    feeling: str
    tone: str  # hard | easy | ""
    topic: str
    on: frozenset[str]
    last_strategy: str
    known: frozenset[str]
    mild: bool
    want_permission: bool


def fits(line: Line, moment: Moment, values: Mapping[str, str]) -> bool:
    """Whether a line may be said at this moment with these slot values."""
    if not line.slots <= values.keys():
        return False
    if line.on and line.on not in moment.on:
        return False
    if line.strategy is Strategy.QUESTION and (line.asks == "permission") != moment.want_permission:
        return False
    checks = (
        not line.stages or moment.stage.value in line.stages,
        not (line.feelings or line.topics) or _meant_for(line, moment),
        not line.tone or line.tone == moment.tone,
        not line.not_feelings & {moment.feeling, moment.topic},
        not line.after or line.after == moment.last_strategy,
        line.asks not in moment.known,
        not line.mild or moment.mild,
        _right_weight(line, moment),
    )
    return all(checks)


def _right_weight(line: Line, moment: Moment) -> bool:
    """Heavy words are not laid on a light feeling, nor hard questions on good news."""
    if line.strategy is Strategy.QUESTION and moment.tone == "easy":
        return line.tone == "easy" or line.asks == "permission" or bool(line.on)
    heavy = line.strategy is Strategy.REFLECTION and bool(line.feelings) and line.tone != "easy"
    return not (heavy and moment.mild and moment.tone == "hard")


def _meant_for(line: Line, moment: Moment) -> bool:
    """A line for certain feelings or topics fits if either matches."""
    return moment.feeling in line.feelings or moment.topic in line.topics


def spoken(line: Line, values: Mapping[str, str], rng: random.Random) -> str:
    """The line with its choices made and its slots filled."""
    chosen = _CHOICE.sub(lambda m: rng.choice(m.group(1).split("|")), line.say)
    return _SLOT.sub(lambda m: values[m.group(1)], chosen)


def opener(text: str) -> str:
    """The first two words, lower case: what makes replies sound formulaic when it repeats."""
    return " ".join(re.findall(r"[\w']+", text.lower())[:2])
