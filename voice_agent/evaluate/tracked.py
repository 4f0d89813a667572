"""Belief questions answered from the tracker of a call: the story is told to it as a caller would.

Names become friends ("my first friend"), for callers' people have names that no table knows. The
tracker's answer is the option whose words it holds; where it holds none, it has no answer.
"""

from __future__ import annotations

import re

from voice_agent.evaluate.first_person import Item, names_in
from voice_agent.think.perspective import Perspectives
from voice_agent.think.words import hear

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_STOP = frozenset(
    {
        "the", "a", "an", "is", "are", "was", "were", "in", "on", "at", "to", "of", "it", "that",
        "and", "your", "my", "his", "her", "their", "you", "do", "does", "not",
    }
)  # fmt: skip
_ATTITUDES = (
    ("unaware", re.compile(r"\bnot know\b|\bunaware\b")),
    ("knows", re.compile(r"\bknow|\baware\b")),
    ("believes", re.compile(r"\bthink|\bbeliev|\bassume")),
    ("wants", re.compile(r"\bwant|\bhope|\bwish|\bneed")),
    ("feels", re.compile(r"\bfeel")),
)
_KNOWS = re.compile(r"^(?:does|do) .*\bknow\b")
_REALLY = re.compile(r"\breally\b|^where (?:is|are) ")


def tracked_answer(item: Item) -> int | None:
    """Index of the option that the tracker would choose, or None where it knows nothing of it."""
    friends = dict(zip(names_in(item), ORDINALS, strict=False))
    own = Perspectives()
    own.hear(hear(_with_friends(item.story, friends)), 0)
    asked = hear(_with_friends(item.question, friends)).text
    options = [_with_friends(option, friends) for option in item.options]
    person = _asked_about(asked)
    if asked.startswith("where"):
        return _chosen(_place(own, asked, person), options)
    if _KNOWS.search(asked):
        return _yes_or_no(own, person, options)
    attitude = next((name for name, cue in _ATTITUDES if cue.search(asked)), "")
    held = [v for v in own.views if v.holder == person and v.attitude == attitude]
    return _chosen(held[-1].content, options) if held else None


def _with_friends(text: str, friends: dict[str, str]) -> str:
    for name, ordinal in friends.items():
        text = re.sub(rf"\b{name}\b", f"my {ordinal} friend", text)
    return text


def _asked_about(question: str) -> str:
    friend = re.search(r"\bmy (\w+) friend\b", question)
    if friend:
        return f"your {friend[1]} friend"
    return "you" if re.search(r"\byou\b", question) else ""


def _place(own: Perspectives, question: str, person: str) -> str:
    """Where a person believes the thing of the question to be, or where it is."""
    things = own.witnesses.places
    thing = next((name for name in things if name.split()[-1] in question.split()), "")
    if _REALLY.search(question):
        return things.get(thing, "")
    return own.witnesses.where(person, thing)


def _yes_or_no(own: Perspectives, person: str, options: list[str]) -> int | None:
    """Whether a person knows of the matter, by what was told last."""
    mine = [v for v in own.views if v.holder == person and v.attitude in ("knows", "unaware")]
    if not mine:
        return None
    word = "yes" if mine[-1].attitude == "knows" else "no"
    return next((n for n, option in enumerate(options) if option.lower().startswith(word)), None)


def _chosen(held: str, options: list[str]) -> int | None:
    """The one option that shares most content words with what is held; None without any."""
    known = _content(held)
    shared = [len(known & _content(option)) / (len(_content(option)) or 1) for option in options]
    best = max(shared)
    return shared.index(best) if best > 0 and shared.count(best) == 1 else None


def _content(text: str) -> set[str]:
    return {word for word in hear(text).text.split() if word not in _STOP}
