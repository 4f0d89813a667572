"""What happened, who was there, since when: facts in words that may be said back to the caller.

Events carry authored wording (``data/understand/events``), so a recogniser's slips are never read
out; times and people are taken from closed lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from voice_agent.contracts import Fact
from voice_agent.think.tables import table
from voice_agent.think.words import Heard

_NOT = re.compile(r"\b(?:not|never|no|without)(?: \w+)?$")
_SOMEBODY = "them"
NO_STRENGTH = frozenset({"nobody", "drinks", "tried"})  # coping and support that do not hold


@dataclass(frozen=True)
class Event:
    """Something that happened. ``said``: second-person clause; ``thing``: noun phrase."""

    id: str
    kind: str
    topic: str
    said: str
    thing: str
    who: str = ""
    trap: str = ""
    step: str = ""
    feel: str = ""  # the feeling it usually brings
    heavy: bool = False  # news that needs to be met before anything else
    at: int = 0  # character position in the evened-out turn


@cache
def _cues() -> tuple[tuple[dict[str, Any], re.Pattern[str]], ...]:
    entries = table("understand/events")["event"]
    return tuple((entry, re.compile(rf"\b(?:{entry['cue']})")) for entry in entries)


@cache
def patterns(name: str) -> re.Pattern[str]:
    """One cue list of ``data/understand/cues`` as a single pattern on evened-out speech."""
    joined = "|".join(f"(?:{p})" for p in table("understand/cues")[name])
    return re.compile(rf"\b(?:{joined})")


def events(heard: Heard) -> list[Event]:
    """Every known event in one evened-out turn, in the order in which it was said."""
    found = [event for entry, cue in _cues() for event in _first(entry, cue, heard)]
    ids = {event.id for event in found}
    kept = [event for event in found if not ids & set(_yields_to()[event.id])]
    return sorted(kept, key=lambda event: event.at)


@cache
def _yields_to() -> dict[str, tuple[str, ...]]:
    """Event id -> more telling events beside which it is left out."""
    entries = table("understand/events")["event"]
    return {entry["id"]: tuple(entry.get("unless", ())) for entry in entries}


def _first(entry: dict[str, Any], cue: re.Pattern[str], heard: Heard) -> Iterator[Event]:
    for match in cue.finditer(heard.text):
        left, _ = heard.clause(*match.span())
        if not _NOT.search(heard.text[left : match.start()].rstrip()):
            yield _event(entry, _who(match, entry), match.start())
            return


def _who(match: re.Match[str], entry: dict[str, Any]) -> str:
    groups = match.groupdict()
    caught = groups.get("who") or groups.get("who2")
    if not caught:
        return str(entry.get("who", _SOMEBODY))
    return caught if caught in ("him", "her", "them") else f"your {caught}"


def _event(entry: dict[str, Any], who: str, at: int) -> Event:
    plain = who.removeprefix("your ")
    said, thing, step = (
        entry.get(key, "").format(who=who, who_plain=plain) for key in ("said", "thing", "step")
    )
    return Event(
        id=entry["id"],
        kind=entry["kind"],
        topic=entry["topic"],
        said=_plural_verb(said, who),
        thing=thing,
        who=who,
        trap=entry.get("trap", ""),
        step=step,
        feel=entry.get("feel", ""),
        heavy=entry.get("heavy", False),
        at=at,
    )


def _plural_verb(said: str, who: str) -> str:
    """Make "your mom put" / "your parents has" agree: only the first verb after the person."""
    plural = (who.endswith("s") and not who.endswith("ss")) or who == _SOMEBODY
    swaps = {"has": "have", "keeps": "keep", "feels": "feel"}
    if plural:
        for one, many in swaps.items():
            said = said.replace(f"{who} {one} ", f"{who} {many} ")
    elif said.startswith(f"{who} put "):
        said = said.replace(" put ", " puts ", 1)
    return said


def facts(heard: Heard, turn: int) -> tuple[Fact, ...]:
    """Facts of one turn: events, times, places, people (kinds of :class:`Fact`)."""
    found = [Fact(event.kind, event.said, turn) for event in events(heard)]
    for kind in ("when", "where", "who"):
        match = patterns(kind).search(heard.text)
        if match:
            found.append(Fact(kind, _closed(kind, match), turn))
    return tuple(found)


def _closed(kind: str, match: re.Match[str]) -> str:
    groups = {key: value for key, value in match.groupdict().items() if value}
    name, value = next(iter(groups.items()))
    if kind == "who":
        return f"your {value}"
    return {"since": f"since {value}", "span": f"for {value}", "place": f"at {value}"}.get(
        name, value
    )
