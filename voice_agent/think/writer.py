"""The embedded writer: one or two spoken sentences for a planned strategy, from the grammar.

It always has something to say, needs nothing but its tables, and does not repeat a text within ten
replies.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from voice_agent.contracts import StageEstimate, Strategy, StrategyPlan, ThinkingRecord
from voice_agent.think.dialogue import Dialogue, Draft
from voice_agent.think.grammar import Line, Moment, fits, lines, opener, spoken
from voice_agent.think.slots import slots
from voice_agent.think.tables import table
from voice_agent.think.understand import Insight

NO_REPEAT_REPLIES = 10
MAX_WORDS = 32
_RECENT_OPENERS = 5


@dataclass(frozen=True)
class Brief:
    """All that a writer, embedded or not, may know about the reply it is asked for."""

    dialogue: Dialogue
    insight: Insight
    stage: StageEstimate
    plan: StrategyPlan
    record: ThinkingRecord


class TemplateWriter:
    """Shared and immutable: one for all callers; randomness comes with the call."""

    def drafts(self, brief: Brief, rng: random.Random) -> Iterator[Draft]:
        """Candidate replies, best first: the planned strategy, then its alternatives.

        Never empty: it ends with plain invitations to go on.
        """
        values, sources = slots(brief.dialogue, brief.insight, brief.record)
        for strategy in brief.plan.ranked:
            moment = _moment(brief, strategy)
            ranked = sorted(
                ((_score(line, moment, brief, sources, rng), line) for line in lines(strategy)
                 if fits(line, moment, values)),
                key=lambda pair: -pair[0],
            )  # fmt: skip
            for _, line in ranked:
                draft = _draft(line, values, sources, rng)
                if _sayable(draft.text, brief.dialogue):
                    yield draft
        yield from safe_drafts(brief.dialogue.spoken)


def safe_drafts(said: list[str]) -> Iterator[Draft]:
    """Plain invitations to go on, those not said lately first."""
    texts: list[str] = table("replies/others")["safe"]
    recent = said[-NO_REPEAT_REPLIES:]
    for text in sorted(texts, key=lambda t: _last_said(t, said)):
        if not any(text in reply for reply in recent):
            yield Draft(text, Strategy.OTHERS, source="fallback")
    yield Draft(min(texts, key=lambda t: _last_said(t, said)), Strategy.OTHERS, source="fallback")


def _last_said(text: str, said: list[str]) -> int:
    """Position of the last reply that held this text, -1 if none did."""
    return max((n for n, reply in enumerate(said) if text in reply), default=-1)


def _moment(brief: Brief, strategy: Strategy) -> Moment:
    dialogue, insight = brief.dialogue, brief.insight
    emotions = table("understand/emotions")
    last = dialogue.drafts[-1].strategy.value if dialogue.drafts else ""
    return Moment(
        stage=brief.stage.stage,
        feeling=insight.feeling,
        tone=emotions[insight.feeling]["tone"] if insight.feeling != "neutral" else "",
        named=insight.feeling != "neutral" and insight.feeling_said in insight.heard.text,
        topic=dialogue.topic,
        on=_on(insight),
        last_strategy=last,
        known=_known(dialogue) if strategy is Strategy.QUESTION else frozenset(),
        want_permission="ask_permission" in brief.plan.constraints,
    )


def _on(insight: Insight) -> frozenset[str]:
    record = insight.record
    held = {
        "rejection": record.rejection,
        "commit": insight.commits,
        "change": record.change_talk > 0,
        "coping": any(event.id == "stood_up" for event in insight.events),
    }
    return frozenset(name for name, holds in held.items() if holds)


def _known(dialogue: Dialogue) -> frozenset[str]:
    """What was asked in the last replies, or answered already."""
    answered = {fact.kind for fact in dialogue.facts} - {"who", "where"}
    if any(feeling != "neutral" for feeling in dialogue.feelings[-3:]):
        answered.add("feeling")
    lately = {draft.asks for draft in dialogue.drafts[-6:] if draft.asks not in ("", "permission")}
    return frozenset(answered | lately)


def _score(
    line: Line, moment: Moment, brief: Brief, sources: dict[str, str], rng: random.Random
) -> float:
    """Higher is better: specific to this caller, meant for this feeling, not heard lately."""
    newest = {event.id for event in brief.insight.events}
    score = rng.uniform(0.0, 1.2)
    score += 0.9 * len({sources[slot.lower()] for slot in line.slots if slot.lower() in sources})
    score += 0.8 * any(sources.get(slot.lower()) in newest for slot in line.slots)
    score += 0.6 * bool(line.slots & {"clause", "Clause", "trap_ask"})
    score += 1.2 * (moment.feeling in line.feelings) + 0.7 * (moment.topic in line.topics)
    score += 1.0 * (moment.stage.value in line.stages) + 3.0 * bool(line.on)
    score += 2.5 * bool(line.after) + 0.8 * bool(line.asks and line.asks in brief.record.unknown)
    score -= 1.0 * line.plain
    return score - _staleness(line, brief.dialogue)


def _staleness(line: Line, dialogue: Dialogue) -> float:
    used = [n for n, draft in enumerate(reversed(dialogue.drafts)) if draft.line == line.id]
    stale = 6.0 / (1 + used[0]) + 1.5 if used else 0.0
    first = opener(line.say.split("{")[0]) if not line.say.startswith("{") else line.say[:6].lower()
    openers = [opener(text) for text in dialogue.recent(_RECENT_OPENERS)]
    return stale + 1.5 * openers.count(first)


def _draft(
    line: Line, values: dict[str, str], sources: dict[str, str], rng: random.Random
) -> Draft:
    about = tuple(dict.fromkeys(sources[s.lower()] for s in line.slots if s.lower() in sources))
    return Draft(spoken(line, values, rng), line.strategy, line.asks, line.id, about)


def _sayable(text: str, dialogue: Dialogue) -> bool:
    """Short enough to say, one question at most, not said within ten replies."""
    if len(text.split()) > MAX_WORDS or text.count("?") > 1:
        return False
    return not any(text in reply for reply in dialogue.recent(NO_REPEAT_REPLIES))


def as_endpoint(draft: Draft, text: str) -> Draft:
    """The same move in an endpoint's words."""
    return replace(draft, text=text, source="endpoint", line="", about=())
