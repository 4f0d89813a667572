"""The memory side of one call: what is noted, asked about, brought up and forgotten.

Consent is asked once, plainly, with the very items read out; without a yes nothing outlives the
call. The caller may ask at any time what is remembered and have the last item, or all, forgotten.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from voice_agent.contracts import Memory, RiskLevel
from voice_agent.think.activity import Moment
from voice_agent.think.crisis import Answer
from voice_agent.think.memory import (
    MOST_ITEMS,
    ORDINARY,
    Relevance,
    alive,
    blocked,
    cue,
    expires,
    items_of,
    joined,
    noted,
)
from voice_agent.think.persona import Persona
from voice_agent.think.prototypes import Embed
from voice_agent.think.tables import table

ASK_ITEMS = 3  # read out when consent is asked: what nobody can follow is no consent
TELL_ITEMS = 4
RECALL_EVERY = 4  # caller turns between two recalls
OLD_IN_CALL = 6  # turns after which something of this call may be brought up again


class MemoryTalk:
    """One call's side of it. ``forgot`` says what the last turn had forgotten: "", last or all."""

    def __init__(
        self,
        kept: Sequence[Memory] | None,
        embed: Embed | None,
        rng: random.Random,
        date: Callable[[], float],
    ) -> None:
        """Args:
        kept: from earlier calls; None: nobody keeps anything. date: Unix time in seconds.
        """
        self.forgot = ""
        self._lasting = kept is not None
        self._rng, self._date = rng, date
        self._kept = list(alive(kept or (), date()))
        self._noted: list[tuple[int, Memory]] = []  # of this call, by turn, not confirmed
        self._relevance = Relevance(embed)
        self._asked_about: tuple[Memory, ...] = ()  # read out in the question that stands open
        self._asked_at = -1  # turn in which it was put
        self._asked = self._refused = False
        self._latest: tuple[str, ...] = ()  # items noted, kept or brought up last
        self._used: list[str] = []  # items brought up in this call, oldest first
        self._last_recall = -RECALL_EVERY

    @property
    def memories(self) -> tuple[Memory, ...]:
        """What may be kept for the next call."""
        return tuple(m for m in self._kept if m.caller_confirmed) if self._lasting else ()

    def asking(self, number: int) -> bool:
        """Whether turn ``number`` answers the question for consent."""
        return bool(self._asked_about) and number == self._asked_at + 1

    def welcome(self) -> str:
        """Said after the greeting where something of earlier calls is kept, or ""."""
        return str(table("replies/memory")["welcome"]) if self._lasting and self._kept else ""

    def note(self, moment: Moment, alarmed: bool) -> None:
        """Take note of an understood turn. Of a turn with an alarm nothing is noted."""
        if alarmed or self._refused:
            return
        known = {m.item for _, m in self._noted} | {m.item for m in self._kept}
        new = [m for m in items_of(moment.insight, moment.turn.asr_conf) if m.item not in known]
        self._noted += [(moment.number, m) for m in new]
        self._latest = tuple(m.item for m in new) or self._latest

    def note_style(self, persona: Persona, number: int) -> None:
        """The caller chose a style: something to be proposed for keeping as well."""
        item = f"you'd like the style called {persona.name}"
        self._noted = [(n, m) for n, m in self._noted if m.kind != "style"]
        self._noted.append((number, Memory(item, "style", False)))

    # ------------------------------------------------------------------ what the caller asks

    def asked(self, moment: Moment) -> str:
        """The answer to a request about memory, or ""."""
        self.forgot = ""
        text = moment.heard.text
        if cue("forget_all").search(text) and not _held_back(text, "forget_all"):
            return self._forget_all()
        if cue("forget_last").search(text):
            return self._forget_last()
        if cue("will_not").search(text):
            self._refused, self._noted = True, []
            return self._words("will_not")
        if cue("tell").search(text):
            return self._tell()
        if (item := noted(moment.turn.text)) is not None:
            return self._keep_note(item, moment.number)
        if cue("will_you").search(text):
            return self._ask_now(moment.number)
        return ""

    def farewell(self, risk: RiskLevel, number: int) -> str:
        """The question that comes before a first goodbye, or ""."""
        ready = self._lasting and not (self._asked or self._refused) and risk is RiskLevel.NONE
        return self._ask(self._rng.choice(table("replies/memory")["ask"]), number) if ready else ""

    def answered(self, answer: Answer) -> str:
        """The caller's answer to that question: only a yes keeps anything."""
        about, self._asked_about = self._asked_about, ()
        dropped = {m.item for m in about}
        self._noted = [(n, m) for n, m in self._noted if m.item not in dropped]
        if answer is not Answer.YES:
            return self._words("not_kept")
        for memory in about:
            self._keep(replace(memory, caller_confirmed=True))
        return self._words("kept")

    # ------------------------------------------------------------------ bringing something up

    def recall(self, moment: Moment, risk: RiskLevel) -> str:
        """A sentence that brings up something that fits this turn, or ""; never in a crisis."""
        early = moment.number - self._last_recall < RECALL_EVERY
        if risk is not RiskLevel.NONE or early or moment.insight.record.rejection:
            return ""
        old = [m for number, m in self._noted if moment.number - number >= OLD_IN_CALL]
        best = self._relevance.best([*self._kept, *old], moment.insight, self._may_say)
        if best is None:
            return ""
        words = table("replies/memory")["recalls" if best in self._kept else "recalls_here"]
        return str(self._rng.choice(words)).format(item=best.item)

    def recalled(self, words: str, number: int) -> None:
        """A recall was spoken: for a while nothing else is brought up, and not this one again."""
        self._last_recall = number
        everything = [*self._kept, *(m for _, m in self._noted)]
        self._latest = tuple(m.item for m in everything if words.endswith(f"{m.item}."))[:1]
        self._used += self._latest

    def _may_say(self, memory: Memory) -> bool:
        casual = memory.sensitivity == ORDINARY and memory.kind != "style"
        return casual and not blocked(memory.item, self._used)

    # ------------------------------------------------------------------ steps

    def _keep(self, memory: Memory) -> None:
        until = memory.expires or expires(memory.kind, self._date())
        self._kept = [m for m in self._kept if m.item != memory.item]
        self._kept = [*self._kept, replace(memory, expires=until)][-MOST_ITEMS:]

    def _keep_note(self, memory: Memory, number: int) -> str:
        self._latest = (memory.item,)
        if not self._lasting:
            self._noted.append((number, replace(memory, caller_confirmed=False)))
            return self._words("noted_here")
        self._keep(memory)
        return self._words("noted").format(item=memory.item)

    def _ask_now(self, number: int) -> str:
        if not self._lasting:
            return self._words("unkept")
        words = table("replies/memory")
        return self._ask(words["ask_now"], number) or str(words["nothing_yet"])

    def _ask(self, words: str, number: int) -> str:
        """The consent question over the most telling items of this call, or ""."""
        weight = {"plan": 0, "event": 1, "style": 2, "help": 3, "effect": 4}
        order = sorted((m for _, m in self._noted), key=lambda m: weight.get(m.kind, 5))
        self._asked_about = tuple(order[:ASK_ITEMS])
        if not self._asked_about:
            return ""
        self._asked, self._asked_at = True, number
        return words.format(items=joined([m.item for m in self._asked_about]))

    def _tell(self) -> str:
        for items, words in ((self._kept, "tells"), ([m for _, m in self._noted], "tells_now")):
            if items:
                self._latest = tuple(m.item for m in items[-TELL_ITEMS:])
                return str(table("replies/memory")[words]).format(items=joined(self._latest))
        return self._words("nothing")

    def _forget_last(self) -> str:
        """The item that was noted, kept or brought up last."""
        self.forgot = "last"
        self._kept = [m for m in self._kept if m.item not in self._latest]
        self._noted = [(n, m) for n, m in self._noted if m.item not in self._latest]
        self._latest = ()
        return self._words("forgotten")

    def _forget_all(self) -> str:
        self.forgot = "all"
        self._kept, self._noted, self._asked_about, self._latest = [], [], (), ()
        return self._words("forgotten_all")

    def _words(self, name: str) -> str:
        words = table("replies/memory")[name]
        return str(words if isinstance(words, str) else self._rng.choice(words))


def _held_back(text: str, name: str) -> bool:
    """ "I can't forget everything he did": it was not asked of us."""
    found = cue(name).search(text)
    before = str(table("replies/memory")["cues"]["forget_not_before"])
    return bool(found and re.search(rf"\b{before}$", text[: found.start()].rstrip()))
