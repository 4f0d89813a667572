"""What led to what, in the caller's own clauses: causes before effects, the root first.

Explicit links are read sentence by sentence ("because", "so", "ever since", "that's why"); a link
with one open end ties to what was said just before. Without any link, what happened stands before
how things are now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from voice_agent.think.paraphrase import second_person
from voice_agent.think.tables import table
from voice_agent.think.words import Heard, spaced

MOST_STEPS = 5
MOST_TOLD = 8  # in a longer talk the order of clauses says little about causes
MIN_WORDS, MAX_WORDS = 2, 12
_OPENING = re.compile(
    r"^(?:(?:and|but|so|well|because|then|now|like|it is that|the thing is|i think|i mean|oh|"
    r"yes|no|yeah|okay|look) ,? ?)*(?=\w)"
)
_SUBJECT = (
    r"i|we|he|she|they|it|people|everyone|everybody|nobody|no one|somebody|someone|there|"
    r"(?:my|our|his|her|their|the|a|an|this|that) (?:\w+ ){0,2}?\w+|\w+"
)
_STATES = re.compile(
    r"^(?!(?:what|how|who|why|when|where|which|can|could|do|did|is|are|tell|if) )"
    rf"(?:{_SUBJECT}) (?:\w+ )?"
    r"(?:am|are|is|was|were|have|has|had|do|does|did|can|could|will|would|"
    r"keep|keeps|get|gets|got|feel|feels|felt|want|wants|need|needs|say|says|said|told|tell|tells|"
    r"go|goes|went|make|makes|made|take|takes|took|left|lost|died|came|come|comes|found|broke|sent|"
    r"put|gave|give|gives|cut|quit|ran|run|runs|began|start|starts|stop|stops|met|fell|hit|stole|"
    r"bought|hurt|hear|heard|see|saw|know|knows|knew|think|thinks|thought|look|looks|laugh|laughs|"
    r"walk|walks|check|checks|cry|cries|cried|sit|sits|sat|eat|eats|ate|drink|drinks|shake|shakes|"
    r"yell|yells|ring|rings|call|calls|wander|wanders|sleep|sleeps|forgot|hate|hates|leave|leaves|"
    r"shut|shuts|stay|stays|talk|talks|spend|spends|spent|fail|fails|snap|snaps|\w{2,}ed)\b"
)
_NEXT_CLAUSE = re.compile(r" (?:and|but) (?=(?:i|we|he|she|they|it|my|the|nobody|everyone) )")
_NOUN = re.compile(r"^(?:the|my|our) (?:\w+ ){0,2}\w+$")
_BARE = re.compile(r"(?:feel|want|cry|do|stop|think|eat|drink|hide|stay|lose|doubt|check)\b")
_EMPTY = re.compile(
    r"^(?:it|that|this|he|she|they|i)? ?(?:is|was|am|do not know|know|guess|think|mean)"
    r"(?: (?:it|that|so|fine|okay|not|hard|on me|me|her|him|been \w+|weeks?|months?))*$"
)


@cache
def _links() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in table("understand/causes")["links"])


@cache
def _tense(name: str) -> re.Pattern[str]:
    return re.compile(table("understand/causes")[name])


class Chain:
    """Steps in the second person, causes first; grows turn by turn."""

    def __init__(self) -> None:
        self.linked: list[str] = []  # tied by what the caller said
        self.told: list[tuple[str, bool]] = []  # every main clause, and whether it is past
        self._last = ""  # the step said last
        self._denied: set[str] = set()
        self._before_turn: tuple[list[str], list[tuple[str, bool]], str] = ([], [], "")

    def hear(self, heard: Heard) -> None:
        """Take in one turn."""
        self._before_turn = (list(self.linked), list(self.told), self._last)
        for sentence in spaced(heard).replace(" , because ", " because ").split(" . "):
            self._sentence(sentence.strip(" ,."))

    def steps(self) -> tuple[str, ...]:
        """The chain, root first; empty where nothing leads to anything."""
        if len(self.linked) >= 2:
            return tuple(self.linked[:MOST_STEPS])
        if len(self.told) > MOST_TOLD:
            return ()
        past = [told for told, is_past in self.told if is_past]
        now = [told for told, is_past in self.told if not is_past]
        if not past or not now:
            return ()
        return tuple(dict.fromkeys((*past[:2], *now)))[:MOST_STEPS]

    def undo(self) -> None:
        """Forget the newest turn."""
        self.linked, self.told, self._last = self._before_turn

    def forget(self, heard: Heard) -> None:
        """Drop every step that one turn told; it may be told again."""
        told = Chain()
        told.hear(heard)
        gone = {*told.linked, *(step for step, _ in told.told)}
        self.linked = [one for one in self.linked if one not in gone]
        self.told = [one for one in self.told if one[0] not in gone]

    def deny(self, wrong: str) -> None:
        """The caller says that this is no cause: it leaves the chain and does not come back."""
        self._denied.add(wrong)
        self.linked = [one for one in self.linked if one != wrong]
        self.told = [one for one in self.told if one[0] != wrong]

    def begin_with(self, cause: str) -> None:
        """The caller names the root: it stands first, before what was linked or told last."""
        rest = self.linked or [told for told, _ in self.told[-1:]]
        self.linked = [cause, *(one for one in rest if one != cause)]

    def deny_like(self, said: str) -> None:
        """Every step that tells the same as ``said`` goes."""
        for one in {*self.linked, *(told for told, _ in self.told)}:
            if tells_same(said, one):
                self.deny(one)

    def rename(self, wrong: str, right: str) -> None:
        """Another person than was understood: in every step."""
        self.linked = [one.replace(wrong, right) for one in self.linked]
        self.told = [(one.replace(wrong, right), past) for one, past in self.told]
        self._last = self._last.replace(wrong, right)

    # ------------------------------------------------------------------ reading

    def _sentence(self, sentence: str) -> None:
        for pattern in _links():
            match = pattern.match(sentence)
            if match and self._linked(match):
                return
        told = step(sentence)
        if told and told not in self._denied:
            self._tell(told, sentence)

    def _linked(self, match: re.Match[str]) -> bool:
        parts = match.groupdict()
        cause = step(parts["c"], noun=True) if parts.get("c") else self._before(effect=False)
        effect = step(_as_clause(parts["e"])) if parts.get("e") else self._before(effect=True)
        if not cause or not effect or cause == effect or {cause, effect} & self._denied:
            return False
        self._tie(cause, effect)
        self._last = effect if parts.get("e") else cause
        return True

    def _before(self, *, effect: bool) -> str:
        """The open end of a link: what is explained, or what now leads on."""
        if effect:
            first = self.linked[:1] if self._last in self.linked else []
            return first[0] if first else self._last or (self.told[0][0] if self.told else "")
        return self.linked[-1] if self._last in self.linked else self._last

    def _tie(self, cause: str, effect: str) -> None:
        chain = self.linked
        if effect in chain and cause not in chain:
            chain.insert(chain.index(effect), cause)
        elif cause in chain and effect not in chain:
            chain.insert(chain.index(cause) + 1, effect)
        elif cause not in chain:
            chain += [cause, effect]

    def _tell(self, told: str, sentence: str) -> None:
        is_past = bool(_tense("past").search(sentence) and not _tense("still").search(sentence))
        self.told.append((told, is_past))
        self._last = told


def _as_clause(effect: str) -> str:
    """ "feel sick" after "makes me" as a clause of its own."""
    return f"i {effect}" if _BARE.match(effect) else effect


def tells_same(said: str, other: str) -> bool:
    """Whether all words of one clause are in the other."""
    return set(said.split()) <= set(other.split())


def step(piece: str, *, noun: bool = False) -> str:
    """A clause as a step in the second person, or "" where it tells nothing.

    Args:
        noun: a bare noun will do, as after "because of".
    """
    text = _OPENING.sub("", piece.strip(" ,."), count=1)
    parts = (_OPENING.sub("", part.strip(), count=1) for part in text.split(" , "))
    pieces: Sequence[str] = [part for part in parts if part]
    text = next((part for part in pieces if _STATES.match(part)), "")
    if not text and noun:
        text = next((part for part in pieces if _NOUN.match(part)), "")
    text = " ".join(_NEXT_CLAUSE.split(text)[0].split()[:MAX_WORDS])
    if len(text.split()) < MIN_WORDS or _EMPTY.match(text):
        return ""
    return second_person(text)
