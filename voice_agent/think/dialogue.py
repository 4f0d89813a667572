"""What has been said so far in one call, and what of it both sides may still use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from voice_agent.contracts import Fact, Reply, Stage, Strategy
from voice_agent.think.causes import Chain
from voice_agent.think.correction import Correction
from voice_agent.think.facts import Event
from voice_agent.think.mi import AUTONOMY, QUESTIONS, REFLECTIONS
from voice_agent.think.perspective import Perspectives
from voice_agent.think.understand import Insight, merge_facts
from voice_agent.think.words import hear


@dataclass(frozen=True)
class Draft:
    """A written reply before the last guard: its text and where it came from.

    ``asks``: what its question would bring to light ("permission", "impact", ... or "").
    ``line``: id of the template line, for recency. ``about``: ids of the events it used.
    ``bare``: the text without the persona's aside, or "" where there is none. ``lead``: what
    is said back in front of the move, or "".
    """

    text: str
    strategy: Strategy
    asks: str = ""
    line: str = ""
    about: tuple[str, ...] = ()
    source: str = "template"
    bare: str = ""
    lead: str = ""

    @property
    def move(self) -> str:
        """The words that make the planned move."""
        return self.bare or self.text.removeprefix(self.lead).strip()


@dataclass
class Dialogue:
    """Mutable history of one call. Turn numbers count caller turns from 0."""

    turn: int = -1
    topic: str = ""
    facts: tuple[Fact, ...] = ()
    events: list[Event] = field(default_factory=list)  # last mentioned last
    told: dict[str, int] = field(default_factory=dict)  # event id -> turn of its last mention
    feelings: list[str] = field(default_factory=list)
    insights: list[Insight] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)  # support replies only
    log: list[tuple[str, str]] = field(default_factory=list)  # ("caller" | "agent", words)
    chain: Chain = field(default_factory=Chain)
    perspectives: Perspectives = field(default_factory=Perspectives)
    denied: set[str] = field(default_factory=set)  # event ids and feelings the caller took back
    verdict_turn: int | None = None  # when the caller last judged themselves harshly
    looks: int = 0  # questions that have looked at that verdict from outside
    asked_and_said_back: Counter[str] = field(default_factory=Counter)  # of the support replies
    handed_back: bool = False  # the decision, in this stretch of the action stage
    summed_up: int = -2  # turn of the last summary of what was understood
    asked: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)

    @property
    def spoken(self) -> list[str]:
        """Every reply, as far as it was heard, oldest first."""
        return [words for who, words in self.log if who == "agent"]

    @property
    def permission_asked(self) -> bool:
        """Whether the agent's last support reply asked if an idea is wanted."""
        return bool(self.drafts) and self.drafts[-1].asks == "permission"

    def hear(self, text: str, insight: Insight) -> None:
        """Take in one understood caller turn."""
        self.log.append(("caller", text))
        if any(event.id in self.denied for event in insight.events):
            insight = self._without_denied(insight)
        self.insights.append(insight)
        self.feelings.append(insight.feeling)
        if insight.verdict:
            self.verdict_turn = self.turn
        again = {event.id for event in insight.events}
        self.events = [e for e in self.events if e.id not in again] + list(insight.events)
        self.told |= {event.id: self.turn for event in insight.events}
        self.chain.hear(insight.heard)
        self.perspectives.hear(insight.heard, self.turn)
        self.facts = merge_facts(self.facts, insight.record.facts)
        self.topic = insight.record.topic if insight.record.topic != "general" else self.topic

    def correct(self, correction: Correction) -> None:
        """Put right what was understood; a correction wins over what is inferred later."""
        wrong, right = correction.wrong, correction.right
        self.chain.undo()  # the correcting words are no part of the story
        if correction.kind == "person":
            self._rename(wrong, right)
        elif correction.kind == "cause":
            for root in self.chain.steps()[:1]:
                self.chain.deny(root)
            if right:
                self.chain.begin_with(right)
        elif correction.kind == "event":
            self.denied.add(wrong)
            texts = {event.said for event in self.events if event.id == wrong}
            self.events = [event for event in self.events if event.id != wrong]
            self.facts = tuple(fact for fact in self.facts if fact.text not in texts)
            for text in texts:
                self.chain.deny_like(text)
        elif correction.kind == "feeling":
            self.denied.add(wrong)
            self.feelings = [feeling for feeling in self.feelings if feeling != wrong]
            self.feelings += [right] if right else []

    def _rename(self, wrong: str, right: str) -> None:
        """The caller meant another person, in everything noted so far."""
        self.facts = merge_facts(
            (), (replace(fact, text=fact.text.replace(wrong, right)) for fact in self.facts)
        )
        self.events = [_with_person(event, wrong, right) for event in self.events]
        self.insights = [
            replace(one, events=tuple(_with_person(e, wrong, right) for e in one.events))
            for one in self.insights
        ]
        self.chain.rename(wrong, right)
        self.perspectives.rename(wrong, right)

    def _without_denied(self, insight: Insight) -> Insight:
        """The insight without events that the caller took back."""
        gone = {event.said for event in insight.events if event.id in self.denied}
        kept = tuple(event for event in insight.events if event.id not in self.denied)
        facts = tuple(fact for fact in insight.record.facts if fact.text not in gone)
        return replace(insight, events=kept, record=replace(insight.record, facts=facts))

    def said(self, reply: Reply, draft: Draft | None) -> None:
        """Remember one reply; ``draft`` where it came from the writer."""
        self.log.append(("agent", reply.text))
        if draft is None:
            return
        self.drafts.append(draft)
        self.looks += draft.asks == "verdict"
        self._made(reply, reply.mi_codes)

    def grew(self, reply: Reply, draft: Draft, codes: tuple[str, ...]) -> None:
        """The last reply, from the writer, has more to it by now; that made the moves ``codes``."""
        self.looks += draft.asks == "verdict" != self.drafts[-1].asks
        self.log[-1], self.drafts[-1] = ("agent", reply.text), draft
        self._made(reply, codes)

    def _made(self, reply: Reply, codes: tuple[str, ...]) -> None:
        """The last reply has made these moves."""
        still = self.handed_back and reply.stage is Stage.ACTION
        self.handed_back = still or bool(AUTONOMY & set(codes))
        self.asked_and_said_back.update(
            "asked" if code in QUESTIONS else "said back"
            for code in codes
            if code in QUESTIONS | REFLECTIONS
        )
        if asks := self.drafts[-1].asks:
            self.asked.add(asks)

    def cut_last(self, heard_text: str) -> None:
        """The caller spoke over the last reply: only ``heard_text`` of it was heard."""
        replies = [n for n, (who, _) in enumerate(self.log) if who == "agent"]
        if not replies:
            return
        whole = self.log[replies[-1]][1]
        self.log[replies[-1]] = ("agent", heard_text)
        if self.drafts and self.drafts[-1].text in whole and "?" not in heard_text:
            last = self.drafts[-1]
            self.asked.discard(last.asks)
            self.drafts[-1] = replace(last, asks="")

    def recent(self, count: int) -> list[str]:
        """The last ``count`` reply texts, oldest first."""
        return self.spoken[-count:]

    def strategies(self) -> list[Strategy]:
        """Strategies of the support replies, oldest first."""
        return [draft.strategy for draft in self.drafts]

    def event(self, *kinds: str) -> Event | None:
        """The newest event of these kinds."""
        return next((e for e in reversed(self.events) if e.kind in kinds), None)

    def forget(self) -> None:
        """Drop what was noted about the caller; the reply history stays, so nothing repeats."""
        self.topic, self.facts = "", ()
        self.events, self.feelings, self.insights, self.told = [], [], [], {}
        self.asked, self.offered, self.denied = set(), set(), set()
        self.verdict_turn, self.looks = None, 0
        self.chain, self.perspectives = Chain(), Perspectives()
        self.log = [(who, words) for who, words in self.log if who == "agent"]

    def forget_last(self) -> None:
        """Drop what was noted from the newest turn that told anything, and its words."""
        tells = [n for n, i in enumerate(self.insights) if i.events or i.record.facts or i.clause]
        if not tells:
            return
        gone = self.insights.pop(tells[-1])
        if gone.feeling in self.feelings:
            self.feelings.remove(gone.feeling)
        names = {event.id for event in gone.events}
        self.events = [event for event in self.events if event.id not in names]
        self.told = {name: turn for name, turn in self.told.items() if name not in names}
        self.facts = tuple(fact for fact in self.facts if fact not in gone.record.facts)
        self.chain.forget(gone.heard)
        self.perspectives.forget(gone.heard)
        said = [n for n, (_, words) in enumerate(self.log) if hear(words).text == gone.heard.text]
        if said:
            self.log.pop(said[-1])


def _with_person(event: Event, wrong: str, right: str) -> Event:
    said, thing, step, who = (
        text.replace(wrong, right) for text in (event.said, event.thing, event.step, event.who)
    )
    return replace(event, said=said, thing=thing, step=step, who=who)
