"""What is rehearsed: with whom, about what, and the ask as it would be said to their face."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from voice_agent.think.practice.wording import deinflected, sentence, to_their_face
from voice_agent.think.tables import table
from voice_agent.think.words import Heard

MOST_WORDS = 14  # of an ask or a fact that is said back

_TO_THEM = r"(?:him|her|them|my (?:\w+ ){1,3}?|the (?:\w+ ){1,2}?|you )"
_WANT = r"(?:i )?(?:\w+ )?(?:want|need|would like|would love)"
_OWN_VERBS = (
    "get|have|keep|be|stay|go|leave|take|work|quit|move|finish|see|study|spend|sleep|talk|come"
)
# How callers put a goal, and the sentence that says it to the other. First match counts.
_GOALS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"\b(?:say(?:ing)? no|refuse)(?: to (?:him|her|them))?$", "my answer is no"),
        (r"\b(?:say(?:ing)? no to|refuse) (?!him|her|them)(?P<it>.+)", "i am saying no to {it}"),
        (r"\b(?:tell(?:ing)?) \w+(?: \w+)?? that (?P<it>i .+)", "{it}"),
        (r"\b(?:tell(?:ing)?) (?:him|her|them|my \w+) (?P<it>i .+)", "{it}"),
        (r"\bask(?:ing)? (?:\w+ ){0,3}?for (?P<it>.+)", "i would like {it}"),
        (
            rf"\b(?:want|need|would like|would love|get|ask|asking|tell|have) {_TO_THEM} ?"
            r"(?P<not>not )?to (?P<it>.+)",
            "i would like you {not}to {it}",
        ),
        (rf"^{_WANT} to (?P<it>.+)", "i would like to {it}"),
        (r"\b(?:for )?(?:he|she|they) (?:should|must|has to|have to|to) (?P<it>.+)",
         "i would like you to {it}"),
        (r"^(?:that )?(?:he|she|they) (?P<verb>\w+) (?P<it>.+)", "i would like you to {verb} {it}"),
        (rf"^{_WANT} (?P<it>.+)", "i would like {it}"),
        (rf"^(?:to )?(?P<it>(?:{_OWN_VERBS})\b.+)", "i would like to {it}"),
        (r"^(?P<it>(?:a|an|my|the|more|less|some|half|no) .+)", "i would like {it}"),
        (r"^(?:to )?(?P<it>(?!do not)(?:stop|call|pay|help|listen|give|let|knock|ring|ask|share|"
         r"clean|wash|turn|apologi\w+|respect|treat|trust|do|put|bring|fix|answer) .+)",
         "i would like you to {it}"),
    )
)  # fmt: skip


class Difficulty(StrEnum):
    """How hard the played partner makes it."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True)
class Partner:
    """``who``: how it is named to the caller ("your boss"); ``kind``: a class of the tables."""

    who: str
    kind: str


@dataclass(frozen=True)
class Setting:
    """All that is known before the first line. ``fact`` and ``ask`` are sentences to the partner's
    face, "" where the caller's words gave none; ``feeling``: the caller's word for it, or ""."""

    partner: Partner
    situation: str = ""
    goal: str = ""
    fact: str = ""
    ask: str = ""
    feeling: str = ""
    manner: str = ""
    difficulty: Difficulty = Difficulty.MEDIUM


@cache
def _partners() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    words = [(w, kind) for kind, row in table("practice/partners")["words"].items() for w in row]
    longest = sorted(words, key=lambda pair: -len(pair[0]))
    return tuple(
        (re.compile(rf"\b(?:my|the|a|our) (?:\w+ ){{0,1}}?(?:{word})\b|^(?:{word})$"), word, kind)
        for word, kind in longest
    )


def partner_in(heard: Heard) -> Partner | None:
    """The person whom a turn names as the one to talk to, or None."""
    found = [
        (match.start(), Partner(f"your {word}", kind))
        for pattern, word, kind in _partners()
        if (match := pattern.search(heard.text))
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def somebody() -> Partner:
    """A partner of whom nothing is known."""
    return Partner("the other person", "office")


def ask_of(goal: Heard) -> str:
    """The caller's goal as one sentence to the partner's face, or ""."""
    text = re.sub(r"^(?:(?:well|so|just|that|i think|i guess|for|basically) )+", "", goal.text)
    first = text.split(" . ")[0].strip()
    for pattern, said in _GOALS:
        match = pattern.search(first)
        if match:
            return _filled(match, said)
    return ""


def _filled(match: re.Match[str], said: str) -> str:
    parts = {name: value or "" for name, value in match.groupdict().items()}
    if "verb" in parts:
        parts["verb"] = deinflected(parts["verb"])
    clause = said.format(**parts)
    if len(clause.split()) > MOST_WORDS + 5:
        return ""
    return sentence(to_their_face(clause))


def fact_of(situation: Heard) -> str:
    """What the partner does, as one sentence to their face ("You ring me on my days off."), or "".

    Taken from the first clause in which the partner, or he, she, they, does something.
    """
    for start in (0, *situation.breaks):
        clause = situation.text[start : situation.clause(start, start + 1)[1]]
        clause = re.sub(r"^(?:(?:\.|and|but|so|well|because) )+", "", clause.strip()).strip(" .")
        match = re.match(
            r"(?:he|she|they|my (?:\w+ ){0,1}?\w+|the \w+) (?P<adv>always |never |keeps on |just )?"
            r"(?P<verb>\w+)(?P<rest>.*)",
            clause,
        )
        if match and 3 <= len(clause.split()) <= MOST_WORDS:
            verb = deinflected(match.group("verb"))
            return sentence(to_their_face(f"you {verb}{match.group('rest')}"))
    return ""


def manner_of(*texts: str) -> str:
    """Which mood comes first, by what the caller tells of the partner; "" for nothing told."""
    joined = " ".join(texts)
    for mood, cues in table("practice/partners")["manner"].items():
        if any(re.search(rf"\b(?:{cue})", joined) for cue in cues):
            return str(mood)
    return ""


def difficulty_in(heard: Heard) -> Difficulty | None:
    """The difficulty that a turn names, or None."""
    cues = table("practice/talk")["commands"]
    for level in (Difficulty.HARD, Difficulty.EASY, Difficulty.MEDIUM):
        if any(re.search(cue, heard.text) for cue in cues[level.value]):
            return level
    return None
