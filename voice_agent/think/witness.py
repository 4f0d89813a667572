"""Who believes a thing to be where: what somebody did not see or hear of, they do not know.

The plainest part of a perspective: things are put and moved, people come and go, and only who is
there, sees it or is told takes up the change. Told in everyday words, in any person; "i" and "you"
are the caller.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from voice_agent.think.paraphrase import second_person
from voice_agent.think.people import known_people
from voice_agent.think.tables import table

_PRONOUNS = ("he", "she", "they", "him", "her", "them")
_THING = r"(?P<thing>it|them|(?:the|my|your|a|an|his|her|their|some) (?:\w+ )?\w+)"
_PLACE = (
    r"(?P<place>(?:back )?(?:in|into|inside|on|onto|under|behind|at|to|up)(?: to)?"
    r" (?:the|my|your|a|an|his|her|their) (?:\w+ )?\w+)"
)
_SMALL = re.compile(r"^(?:the|my|your|a|an|his|her|their|some) ")


@cache
def _acts() -> dict[str, re.Pattern[str]]:
    person = rf"(?:{known_people()}|i|you|{'|'.join(_PRONOUNS)})"
    parts = {
        "{whom}": rf"(?P<whom>{person}|me)",
        "{who}": rf"(?P<who>{person})",
        "{thing}": _THING,
        "{place}": _PLACE,
    }
    acts = {}
    for name, cue in table("understand/witness").items():
        for slot, pattern in parts.items():
            cue = cue.replace(slot, pattern)
        acts[name] = re.compile(rf"\b{cue}")
    return acts


@cache
def _subject() -> re.Pattern[str]:
    return re.compile(rf"(?:{known_people()}|i|you|{'|'.join(_PRONOUNS)}|while)\b")


@dataclass
class Witnesses:
    """Where each person believes each thing to be, and who is away."""

    places: dict[str, str] = field(default_factory=dict)  # thing -> where it is
    beliefs: dict[tuple[str, str], str] = field(default_factory=dict)  # (person, thing) -> where
    _people: list[str] = field(default_factory=list)  # last mentioned last
    _away: set[str] = field(default_factory=set)
    _newest: str = ""  # the thing spoken of last

    def hear(self, sentence: str) -> None:
        """Take in one evened-out sentence, its clauses in order; one without a subject has that of
        the clause before it ("my son took the ring and hid it in the shed")."""
        subject = ""
        for clause in re.split(r" (?:and then|then|and|but|so|because) ", sentence):
            own = _subject().match(clause)
            subject = own.group() if own else subject
            self._clause(clause if own or not subject else f"{subject} {clause}")

    def where(self, person: str, thing: str) -> str:
        """Where ``person`` believes ``thing`` to be, or "" where nothing is known of that."""
        return self.beliefs.get((person, thing), "")

    def mistaken(self) -> list[tuple[str, str, str]]:
        """(person, thing, where they take it to be) for all who have missed a change."""
        held = self.beliefs.items()
        return [(who, what, at) for (who, what), at in held if at != self.places[what]]

    def rename(self, wrong: str, right: str) -> None:
        """The caller meant another person."""
        held = self.beliefs.items()
        self.beliefs = {(right if who == wrong else who, what): at for (who, what), at in held}
        self._people = [right if person == wrong else person for person in self._people]

    def _clause(self, clause: str) -> None:
        gone_for_now = self._mark(clause, "away")
        for person in (*gone_for_now, *self._mark(clause, "gone")):
            self._away.add(person)
        for person in (*self._mark(clause, "back"), *self._mark(clause, "returns")):
            self._away.discard(person)
        put = _acts()["moved"].search(clause) or _acts()["put"].search(clause)
        if put:
            self._put(put)
        for person in self._mark(clause, "saw"):
            self._learns(person)
        for match in _acts()["told"].finditer(clause):
            self._learns(self._person(match["whom"]))

    def _mark(self, clause: str, act: str) -> list[str]:
        found = [self._person(match["who"]) for match in _acts()[act].finditer(clause)]
        return [person for person in found if person]

    def _put(self, match: re.Match[str]) -> None:
        actor, thing = self._person(match["who"]), match["thing"]
        thing = self._newest if thing in ("it", "them") else _SMALL.sub("", thing)
        if not thing or not actor:
            return
        place = second_person(match["place"].removeprefix("back "))
        self._newest, self.places[thing] = thing, place
        for person in {actor, *self._people} - self._away:
            self.beliefs[person, thing] = place

    def _learns(self, person: str) -> None:
        if person and self._newest in self.places:
            self.beliefs[person, self._newest] = self.places[self._newest]

    def _person(self, said: str) -> str:
        """Whom a word means: the caller is "you"; a pronoun is the last other person named."""
        if said in ("i", "you", "me"):
            person = "you"
        elif said in _PRONOUNS:
            others = [one for one in self._people if one != "you"]
            return others[-1] if others else ""
        else:
            person = said.replace("my ", "your ", 1)
        self._people = [one for one in self._people if one != person] + [person]
        return person
