"""Scope of a grave phrase: who it is about, when, and whether it is denied or part of a story.

"My friend killed himself", "I'd never kill myself", "I wanted to die when I was fifteen" and "the
character wants to kill himself" hold the same words as a disclosure and mean something else. Each
judgement is a pattern list in ``data/guard/scope``; nothing here is learned.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from voice_agent.think.tables import table
from voice_agent.think.words import Heard

_NOBODY_IN_PARTICULAR = re.compile(r"^(?:somebody|someone|people|a )")
DENIAL_REACH_WORDS = 7  # a "not" further away than this speaks of something else


class Scope(StrEnum):
    """What a matched phrase turned out to be about."""

    SELF = "self"
    DENIED = "denied"
    HALF_DENIED = "half_denied"
    PAST = "past"
    RESOLVED = "resolved"
    OTHER_PERSON = "other_person"
    PEOPLE = "people"  # nobody in particular: "someone", "people"
    STORY = "story"


@cache
def _pattern(name: str) -> re.Pattern[str]:
    value = table("guard/scope")[name]
    return re.compile(value if isinstance(value, str) else "|".join(f"(?:{p})" for p in value))


@cache
def _subject() -> re.Pattern[str]:
    people = table("guard/scope")["people"]
    return re.compile(rf"\b(?:(?P<other>{people})|(?P<self>i|me|my))\b")


@cache
def _idioms() -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{p})" for p in table("guard/scope")["idioms"]))


def strike_idioms(heard: Heard) -> Heard:
    """The same speech with everyday figures of speech blanked out, position for position."""
    blanked = _idioms().sub(lambda m: "_" * len(m.group()), heard.text)
    return Heard(blanked, heard.breaks)


def judge(heard: Heard, start: int, end: int) -> Scope:
    """Scope of ``heard.text[start:end]``: the first judgement that applies, gravest last."""
    left, right = heard.clause(start, end)
    before, inside = heard.text[left:start], heard.text[start:end]
    sentence = heard.text[slice(*heard.sentence(start, end))]
    told = in_story(heard, start, end)
    other = _someone_else(before, inside)
    if other:
        if told:
            return Scope.STORY
        return Scope.PEOPLE if _NOBODY_IN_PARTICULAR.search(other) else Scope.OTHER_PERSON
    if told and not _wants_now(before, inside):
        return Scope.STORY
    denial = _denial(before)
    if denial is not Scope.SELF:
        return denial
    if _pattern("resolved").search(heard.text[end:]):
        return Scope.RESOLVED
    if _pattern("past").search(sentence) and not _still(heard.text[left:right]):
        return Scope.PAST
    return Scope.SELF


def in_story(heard: Heard, start: int, end: int) -> bool:
    """Whether the sentence around a phrase speaks of a film, a book, a game or the news."""
    return bool(_pattern("story").search(heard.text[slice(*heard.sentence(start, end))]))


def _someone_else(before: str, inside: str) -> str | None:
    """The nearest subject in the clause where it is another person and no reflexive says "I"."""
    if re.search(r"\b(?:myself|i|me|my)\b", inside):
        return None
    subjects = list(_subject().finditer(before))
    return subjects[-1].group("other") if subjects else None


def _wants_now(before: str, inside: str) -> bool:
    return bool(re.search(r"\bi (?:\w+ ){0,3}(?:want|going|feel|need|will)\b", before + inside))


def _denial(before: str) -> Scope:
    near = " ".join(before.split()[-DENIAL_REACH_WORDS:])
    if _pattern("half_denials").search(near):
        return Scope.HALF_DENIED
    if _pattern("false_negators").search(near) or not _pattern("negators").search(near):
        return Scope.SELF
    return Scope.DENIED


def _still(clause: str) -> bool:
    """True where a past phrase is brought back to the present ("I used to, and now again")."""
    return bool(re.search(r"\b(?:again|still|now|these days|lately|tonight|today)\b", clause))
