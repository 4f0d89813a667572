"""Who believes, knows, wants and feels what, as the caller tells it: reports, never mind-reading.

The tracker reads only what is said outright ("she thinks I don't care", "he doesn't know I lost my
job"). A pronoun belongs to the last person it fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from voice_agent.contracts import View
from voice_agent.think.facts import patterns
from voice_agent.think.paraphrase import second_person
from voice_agent.think.people import genders, known_people
from voice_agent.think.tables import table
from voice_agent.think.witness import Witnesses
from voice_agent.think.words import Heard

MOST_VIEWS = 12
MOST_WORDS = 14
_PRONOUN = r"he|she|they|him|her|them|everyone|everybody|people"
_SUBJECT = {"him": "he", "her": "she", "them": "they"}
_CROWD = ("everyone", "everybody", "people")
_CLAUSE = r"(?:(?! (?:and|but|so) (?:he|she|they|i|we|my) )[^.])"  # a character of one clause
_TAIL = re.compile(r" (?:but|so|because|which|since) .*$")


@cache
def _cues(person: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    who = rf"(?P<who>{person}|{_PRONOUN})"
    return tuple(
        (attitude, re.compile(rf"\b{cue.replace('{who}', who).replace('[^.]', _CLAUSE)}"))
        for attitude, cues in table("understand/views")["cues"].items()
        for cue in cues
    )


@dataclass
class Perspectives:
    """The views of one call, newest last. A newer view of the same kind replaces an older one that
    says the opposite: who has been told is no longer unaware."""

    views: list[View] = field(default_factory=list)
    witnesses: Witnesses = field(default_factory=Witnesses)
    _people: list[str] = field(default_factory=list)  # last mentioned last

    def hear(self, heard: Heard, turn: int) -> None:
        """Take in one caller turn."""
        for sentence in heard.text.split(" . "):
            found = list(self._sentence(sentence, turn))
            for view in (*found, *self._missed(sentence, turn)):
                self._keep(view)
        del self.views[:-MOST_VIEWS]

    def forget(self, heard: Heard) -> None:
        """Drop every view that one turn told."""
        told = Perspectives()
        told.hear(heard, 0)
        gone = {(view.attitude, view.content) for view in told.views}
        self.views = [v for v in self.views if (v.attitude, v.content) not in gone]
        self.witnesses = Witnesses()  # rather too much forgotten than too little

    def _missed(self, sentence: str, turn: int) -> list[View]:
        """What others go on believing because they were not there for a change told now."""
        before = self.witnesses.mistaken()
        self.witnesses.hear(sentence)
        new = [one for one in self.witnesses.mistaken() if one not in before]
        return [
            View(who, "believes", f"the {thing} is {at}", turn)
            for who, thing, at in new
            if who != "you"
        ]

    def newest(self, attitude: str) -> View | None:
        """The newest view of that kind."""
        return next((v for v in reversed(self.views) if v.attitude == attitude), None)

    def rename(self, wrong: str, right: str) -> None:
        """The caller meant another person."""
        self.views = [
            View(right if v.holder == wrong else v.holder, v.attitude, v.content, v.turn)
            for v in self.views
        ]
        self._people = [right if person == wrong else person for person in self._people]
        self.witnesses.rename(wrong, right)

    def _sentence(self, sentence: str, turn: int) -> Iterator[View]:
        taken: list[tuple[int, int]] = []
        found: list[tuple[int, View]] = []
        for attitude, cue in _cues(known_people()):
            for match in cue.finditer(sentence):
                if any(a < match.end() and match.start() < b for a, b in taken):
                    continue
                holder = self._holder(match, sentence)
                if holder:
                    taken.append(match.span())
                    found.append((match.start(), View(holder, attitude, _content(match), turn)))
        for mention in patterns("who").finditer(sentence):
            self._mention(f"your {mention.group('who')}")
        yield from (view for _, view in sorted(found, key=lambda pair: pair[0]))

    def _holder(self, match: re.Match[str], sentence: str) -> str:
        parts = match.groupdict()
        if parts.get("none"):
            return "nobody"
        who = parts["who"]
        if who.startswith(("my ", "the ")):
            person = who.replace("my ", "your ", 1)
            self._mention(person)
            return person
        if who in _CROWD:
            return "people"
        for mention in patterns("who").finditer(sentence[: match.start()]):
            self._mention(f"your {mention.group('who')}")
        return self._meant(_SUBJECT.get(who, who))

    def _meant(self, pronoun: str) -> str:
        """The person a pronoun stands for: the last that fits, "" where there is none."""
        for person in reversed(self._people):
            fits = genders().get(person.split()[-1])
            if fits == pronoun or (fits is None and pronoun != "they") or pronoun == "they":
                return person
        return ""

    def _mention(self, person: str) -> None:
        self._people = [one for one in self._people if one != person] + [person]

    def _keep(self, view: View) -> None:
        opposite = {"knows": "unaware", "unaware": "knows"}.get(view.attitude)
        self.views = [
            old
            for old in self.views
            if (old.holder, old.attitude) != (view.holder, view.attitude)
            and not (old.holder == view.holder and old.attitude == opposite)
        ] + [view]


def _content(match: re.Match[str]) -> str:
    """What is believed, known, wanted or felt, second person, cut to a clause."""
    words = _TAIL.sub("", (match.groupdict().get("it") or "").strip(" ,")).split()[:MOST_WORDS]
    return second_person(" ".join(words))
