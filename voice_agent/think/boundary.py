"""Boundary and courtesy cues: love, "are you human", exclusivity, insults, thanks, goodbye.

Each gets a warm and honest answer from ``data/guard/boundary``: nothing is promised that a program
cannot keep, nobody is made to feel guilty for leaving, and the turn is handed back to the caller.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from voice_agent.think.languages import foreign_boundary
from voice_agent.think.tables import table
from voice_agent.think.words import Heard, hear

# Cues that colour a turn rather than being it: with this many words beside them, the caller's own
# matter is answered instead ("thanks, but my boss called again and ...").
PASSING = frozenset({"thanks", "greeting", "goodbye", "minor", "abuse"})
PASSING_WORDS = 12
# Cues of talk about the agent itself. A net that only guesses "watch" has mostly met their odd
# wording: such a turn is answered as what it is. Rules, and graver guesses, still come first.
ADDRESSED = frozenset({"human", "therapist", "love", "meet", "secret", "isolate"})


@dataclass(frozen=True)
class Cue:
    """A cue heard in a turn. ``name`` is a table of ``data/guard/boundary``."""

    name: str
    say: tuple[str, ...]
    ends: bool


@cache
def _cues() -> tuple[tuple[Cue, re.Pattern[str], re.Pattern[str] | None], ...]:
    book = table("guard/boundary")
    found = []
    for name in book["order"]["names"]:
        entry = book[name]
        pattern = re.compile("|".join(f"(?:{p})" for p in entry["cues"]))
        guard = re.compile(rf"\b{entry['not_before']}\b") if "not_before" in entry else None
        found.append((Cue(name, tuple(entry["say"]), entry.get("ends", False)), pattern, guard))
    return tuple(found)


def boundary_cue(text: str) -> Cue | None:
    """The first cue that a caller turn holds, or None."""
    heard = hear(text)
    words = len(heard.text.split())
    for cue, pattern, guard in _cues():
        match = pattern.search(heard.text)
        if not match or (cue.name in PASSING and words > PASSING_WORDS):
            continue
        if guard is None or not guard.search(_before(heard, match.start())):
            return cue
    foreign = foreign_boundary(text)
    return Cue(*foreign, ends=False) if foreign else None


def said_to_the_agent(text: str) -> bool:
    """Whether a turn speaks of what the agent is, or of it and the caller."""
    cue = boundary_cue(text)
    return cue is not None and cue.name in ADDRESSED


def _before(heard: Heard, start: int) -> str:
    """What the sentence said before the cue: a quoted "I love you" is not meant for us."""
    left, _ = heard.sentence(start, start)
    return heard.text[left:start]
