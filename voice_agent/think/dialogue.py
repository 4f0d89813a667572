"""What has been said so far in one call, and what of it both sides may still use."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from voice_agent.contracts import Fact, Reply, Strategy
from voice_agent.think.facts import Event
from voice_agent.think.understand import Insight, merge_facts


@dataclass(frozen=True)
class Draft:
    """A written reply before the last guard: its text and where it came from.

    ``asks``: what its question would bring to light ("permission", "impact", ... or "").
    ``line``: id of the template line, for recency. ``about``: ids of the events it used.
    ``bare``: the text without the persona's aside, or "" where there is none.
    """

    text: str
    strategy: Strategy
    asks: str = ""
    line: str = ""
    about: tuple[str, ...] = ()
    source: str = "template"
    bare: str = ""

    @property
    def move(self) -> str:
        """The words that make the planned move."""
        return self.bare or self.text


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
        self.insights.append(insight)
        self.feelings.append(insight.feeling)
        again = {event.id for event in insight.events}
        self.events = [e for e in self.events if e.id not in again] + list(insight.events)
        self.told |= {event.id: self.turn for event in insight.events}
        self.facts = merge_facts(self.facts, insight.record.facts)
        self.topic = insight.record.topic if insight.record.topic != "general" else self.topic

    def said(self, reply: Reply, draft: Draft | None) -> None:
        """Remember one reply; ``draft`` where it came from the writer."""
        self.log.append(("agent", reply.text))
        if draft is None:
            return
        self.drafts.append(draft)
        if draft.asks:
            self.asked.add(draft.asks)

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
        self.asked, self.offered = set(), set()
        self.log = [(who, words) for who, words in self.log if who == "agent"]
