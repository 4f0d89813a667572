"""The caller corrects what was understood: who is meant, why, what is felt, what happened.

A correction wins: what it takes away is not inferred again in this call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from voice_agent.think.causes import step
from voice_agent.think.facts import events
from voice_agent.think.tables import table
from voice_agent.think.understand import Insight
from voice_agent.think.words import Heard

_PERSON = r"(?:new |old |little |older |younger |best |ex )?(?:\w+ in law|\w+)"
_PAST = {
    "lose": "lost", "leave": "left", "get": "got", "fight": "fought", "fall": "fell", "die": "died",
    "break": "broke", "cheat": "cheated", "move": "moved", "fail": "failed", "quit": "quit",
}  # fmt: skip
Kind = Literal["person", "cause", "feeling", "event", "unclear", "right"]


@dataclass(frozen=True)
class Correction:
    """What was wrong and what is right. Persons as "your boss", a feeling as its label, an event as
    its id, a cause as a clause; "" where it was not said."""

    kind: Kind
    wrong: str = ""
    right: str = ""


@cache
def _cues(kind: str) -> tuple[re.Pattern[str], ...]:
    parts = {"{p}": _PERSON, "{f}": "|".join(sorted(_feelings(), key=len, reverse=True))}
    patterns = table("understand/corrections")[kind]
    for name, pattern in parts.items():
        patterns = [cue.replace(name, pattern) for cue in patterns]
    return tuple(re.compile(cue) for cue in patterns)


@cache
def _feelings() -> dict[str, str]:
    """Word for a feeling -> its label."""
    rows: dict[str, Any] = table("understand/emotions")
    words = {word: label for label, row in rows.items() for word in (*row["adj"], row["noun"])}
    return words | {label: label for label in rows}


def correction_in(insight: Insight, *, summed_up: bool) -> Correction | None:
    """The correction that a turn holds, or None.

    Args:
        summed_up: the agent has just said what it understood. Denials of what happened, a bare "no"
            and a "yes" count only then.
    """
    heard = insight.heard
    match = _first("person", heard)
    if match:
        return Correction("person", f"your {match['wrong']}", f"your {match['right']}")
    if _first("cause", heard):
        return Correction("cause", right=_given_cause(heard))
    if not summed_up:
        return None
    match = _first("feeling", heard)
    if match:
        wrong = _feelings()[match["wrong"]]
        other = insight.feeling if insight.feeling not in (wrong, "neutral") else ""
        return Correction("feeling", wrong, other)
    if _first("event", heard):
        denied = [event.id for text in _affirmed(heard.text) for event in events(Heard(text, ()))]
        if denied:
            return Correction("event", denied[0])
    if _first("right", heard) and len(heard.text.split()) <= 5:
        return Correction("right")
    return Correction("unclear") if _first("unclear", heard) else None


def _first(kind: str, heard: Heard) -> re.Match[str] | None:
    return next((m for cue in _cues(kind) if (m := cue.search(heard.text))), None)


def _given_cause(heard: Heard) -> str:
    """The cause that is named instead, or ""."""
    found = re.search(
        r"(?<!not )\b(?:because|it is since|it is that|the reason is|it started when)(?: of)? "
        r"(?P<it>[^.]+)",
        heard.text,
    )
    return step(found["it"], noun=True) if found else ""


def _affirmed(text: str) -> tuple[str, str]:
    """A denied clause as it would be affirmed, in the past and in the present."""
    now = re.sub(r"^(?:no|nope) ", "", _cues("event")[0].sub("", text))
    past = re.sub(r"\w+", lambda match: _PAST.get(match.group(), match.group()), now)
    return past, now


def acknowledged(correction: Correction, index: int) -> str:
    """What is said to a correction; ``index`` turns through the wordings."""
    book: dict[str, list[str]] = table("understand/corrections")["say"]
    given = f"{correction.kind}_given"
    name = given if correction.right and given in book else correction.kind
    text = book[name][index % len(book[name])]
    nouns = {label: row["noun"] for label, row in table("understand/emotions").items()}
    wrong, right = (nouns.get(word, word) for word in (correction.wrong, correction.right))
    return text.format(wrong=wrong, right=right, cause=correction.right)
