"""Suite ``matching``: does the supporter that is proposed speak as the caller wished?

Each line is a caller with wishes written down as ends of a manner's axes; the matcher sees only the
caller's words. Compared with plain cosine of sentence vectors (what CharacterChat's matching net
comes to) and with a supporter drawn at random.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codec.errors import SecoustiError
from voice_agent.contracts import UserTurn
from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.evaluate.metrics import share
from voice_agent.evaluate.report import Report, Score, Table, grid, scored
from voice_agent.evaluate.suites.options import Options
from voice_agent.think.matching import Match, Matcher, Wants
from voice_agent.think.persona import AXES, Persona, bank
from voice_agent.think.tables import table
from voice_agent.think.understand import Understander
from voice_agent.think.wishes import WishReader, strongest

ENDS = {"low": (0.0, 0.35), "high": (0.65, 1.0)}  # of an axis
FIRST = 3  # matches a caller is told of


@dataclass(frozen=True)
class Caller:
    """What a caller said, and how they would like to be spoken to."""

    turns: tuple[str, ...]
    wants: dict[str, str]  # axis -> "low" | "high"
    topic: str

    def met(self, persona: Persona) -> float:
        """Share of the wishes that a supporter's manner meets, 0-1."""
        return share([_within(persona, axis, end) for axis, end in self.wants.items()])

    def suits(self, persona: Persona) -> bool:
        """Whether it meets all of them and is no poor match for the topic."""
        return self.met(persona) == 1.0 and self.topic not in persona.not_for


@dataclass(frozen=True)
class Ranked:
    """One caller with three rankings of the whole bank."""

    caller: Caller
    matched: tuple[Match, ...]
    by_cosine: tuple[Persona, ...]
    by_chance: tuple[Persona, ...]


def run_matching(path: Path, options: Options) -> Report:
    """Rank the bank for every caller: ``{"turns":[...],"wants":{axis:end},"topic"?,"split"?}``."""
    callers = [
        _caller(row)
        for row in read_rows(path)
        if not options.split or row.text("split", "") == options.split
    ]
    if not callers:
        raise SecoustiError(f"{path} has no caller of split '{options.split}'.")
    options.prefetch([turn for caller in callers for turn in caller.turns])
    items = _ranked(callers, options)
    return Report(
        suite="matching",
        n=len(items),
        scores={
            **_scores("matcher", [m.persona for i in items for m in i.matched], items, options),
            **_scores("cosine", [p for i in items for p in i.by_cosine], items, options),
            **_scores("random", [p for i in items for p in i.by_chance], items, options),
            "matcher over cosine": _ahead(items, lambda i: i.by_cosine, options),
            "matcher over random": _ahead(items, lambda i: i.by_chance, options),
            "reason is a stated wish": scored(items, _faithful, options.seed),
        },
        tables={"axes": _axes(items)},
        notes=(f"{len(bank())} supporters; a wish is met in the outer third of its axis",),
    )


def _caller(row: Row) -> Caller:
    wants = row.table("wants")
    for axis in wants:
        if axis not in AXES:
            raise row.fault(f"wish '{axis}' is unknown; known: {', '.join(AXES)}.")
    ends = {axis: Row(row.place, wants).choice(axis, ENDS) for axis in wants}
    return Caller(tuple(row.texts("turns")), ends, row.text("topic", ""))


def _ranked(callers: Sequence[Caller], options: Options) -> list[Ranked]:
    memo, rng = options.memo, random.Random(options.seed)
    reader, matcher, mind = WishReader(memo), Matcher(memo), Understander(memo)
    personas = list(bank().values())
    if memo is not None:
        own = memo([f"{p.style}, {p.about}" for p in personas])
    items = []
    for caller in callers:
        heard = [mind.understand(UserTurn(text), n) for n, text in enumerate(caller.turns)]
        wishes = strongest(wish for text in caller.turns for wish in reader.wishes(text))
        last = heard[-1]
        wants = Wants(wishes, last.record.topic, last.feeling, vector=last.vector)
        cosine = rng.sample(personas, len(personas))
        if memo is not None and last.vector is not None:
            order = np.argsort(-(own @ last.vector))
            cosine = [personas[n] for n in order]
        by_chance = rng.sample(personas, len(personas))
        items.append(Ranked(caller, matcher.rank(wants), tuple(cosine), tuple(by_chance)))
    return items


def _within(persona: Persona, axis: str, end: str) -> bool:
    low, high = ENDS[end]
    return low <= persona.manner[axis] <= high


def _scores(
    name: str, flat: Sequence[Persona], items: Sequence[Ranked], options: Options
) -> dict[str, Score]:
    size = len(bank())
    rankings = [flat[n * size : (n + 1) * size] for n in range(len(items))]
    pairs = list(zip(items, rankings, strict=True))
    return {
        f"{name}: wishes met": scored(pairs, _wishes_met, options.seed),
        f"{name}: suits": scored(pairs, lambda p: _suits(p, 1), options.seed),
        f"{name}: one of {FIRST} suits": scored(pairs, lambda p: _suits(p, FIRST), options.seed),
    }


_Pairs = Sequence[tuple[Ranked, Sequence[Persona]]]


def _wishes_met(pairs: _Pairs) -> float:
    return sum(item.caller.met(ranking[0]) for item, ranking in pairs) / len(pairs)


def _suits(pairs: _Pairs, first: int) -> float:
    return share([any(map(item.caller.suits, ranking[:first])) for item, ranking in pairs])


def _ahead(
    items: Sequence[Ranked], other: Callable[[Ranked], Sequence[Persona]], options: Options
) -> Score:
    """Paired difference in wishes met."""

    def gain(sample: Sequence[Ranked]) -> float:
        gains = [i.caller.met(i.matched[0].persona) - i.caller.met(other(i)[0]) for i in sample]
        return sum(gains) / len(gains)

    return scored(items, gain, options.seed, note="wishes met, paired")


def _faithful(items: Sequence[Ranked]) -> float:
    """Share of first matches whose weightiest reason is a wish that the caller has."""
    return share([_first_wish(item) for item in items])


def _first_wish(item: Ranked) -> bool:
    best = item.matched[0]
    told = [name for name in best.parts if name.startswith("wish:") and best.parts[name] > 0]
    if not told:
        return False
    kind = max(told, key=lambda name: best.parts[name]).removeprefix("wish:")
    return table("understand/wishes")[kind]["axis"] in item.caller.wants


def _axes(items: Sequence[Ranked]) -> Table:
    rows = []
    for axis in AXES:
        mine = [i for i in items if axis in i.caller.wants]
        met = [_within(i.matched[0].persona, axis, i.caller.wants[axis]) for i in mine]
        rows.append((len(mine), round(share(met), 3)))
    return grid(AXES, ("n", "met"), rows)
