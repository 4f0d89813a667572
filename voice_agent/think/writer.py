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
from voice_agent.think.grammar import Line, Moment, fits, opener, spoken
from voice_agent.think.leads import lead, lead_drafts
from voice_agent.think.manner import lead_share, with_aside, wordings
from voice_agent.think.persona import Persona
from voice_agent.think.slots import slots
from voice_agent.think.strategy import accepts_idea, looks_at_verdict, plans_step
from voice_agent.think.tables import table
from voice_agent.think.understand import Insight

NO_REPEAT_REPLIES = 10
MAX_WORDS = 32
LEAD_SCORE = 3.2  # a lead alone against a well-filled template line
LEAD_BEFORE = {Strategy.QUESTION: 1.0, Strategy.SELF_DISCLOSURE: 0.6}  # how often one goes in front
_RECENT_OPENERS = 5
_AGAIN = ("", "permission", "verdict", "step")  # may be asked again within a few replies
# Caller turns before a question of this kind is asked: first the matter itself, then what holds.
_NOT_BEFORE = {"impact": 1, "when": 1, "core": 1, "other_view": 2, "support": 2, "coping": 3}


@dataclass(frozen=True)
class Brief:
    """All that a writer, embedded or not, may know about the reply it is asked for."""

    dialogue: Dialogue
    insight: Insight
    stage: StageEstimate
    plan: StrategyPlan
    record: ThinkingRecord
    persona: Persona | None = None  # None: the house voice


class TemplateWriter:
    """Shared and immutable: one for all callers; randomness comes with the call."""

    def drafts(self, brief: Brief, rng: random.Random) -> Iterator[Draft]:
        """Candidate replies, best first: the planned strategy, then its alternatives.

        Never empty: it ends with plain invitations to go on.
        """
        for strategy in brief.plan.ranked:
            for draft in _ranked(brief, strategy, rng):
                whole = _with_lead(draft, brief, rng)
                spoken_so = with_aside(whole, brief.persona, brief.dialogue, rng)
                if spoken_so is not whole and _sayable(spoken_so.text, brief.dialogue):
                    yield spoken_so
                if _sayable(whole.text, brief.dialogue):
                    yield whole
                if whole is not draft and _sayable(draft.text, brief.dialogue):
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


def _ranked(brief: Brief, strategy: Strategy, rng: random.Random) -> list[Draft]:
    """Drafts of one strategy, best first: template lines and leads that stand alone."""
    values, sources = slots(brief.dialogue, brief.insight, brief.record)
    moment = _moment(brief, strategy)
    scored = [
        (_score(line, moment, brief, sources, rng) + liked, _draft(line, values, sources, rng))
        for line, liked in wordings(brief.persona, strategy, brief.insight, brief.dialogue)
        if fits(line, moment, values)
    ]
    if not moment.on:
        alone = lead_drafts(brief.dialogue, brief.insight, strategy, rng)
        scored += [(LEAD_SCORE + rng.uniform(0.0, 1.2), draft) for draft in alone]
    return [draft for _, draft in sorted(scored, key=lambda pair: -pair[0])]


def _with_lead(draft: Draft, brief: Brief, rng: random.Random) -> Draft:
    """The draft with something said back in front, where that fits."""
    share = lead_share(brief.persona, LEAD_BEFORE.get(draft.strategy, 0.0))
    if rng.random() >= share or draft.asks in ("repair", "choice"):
        return draft
    words, used = lead(brief.dialogue, brief.insight, rng)
    if not words or set(used) & set(draft.about):
        return draft
    text = f"{words} {draft.text}"
    return replace(draft, text=text, about=(*draft.about, *used), lead=words)


def _moment(brief: Brief, strategy: Strategy) -> Moment:
    dialogue, insight = brief.dialogue, brief.insight
    emotions = table("understand/emotions")
    last = dialogue.drafts[-1].strategy.value if dialogue.drafts else ""
    return Moment(
        stage=brief.stage.stage,
        feeling=insight.feeling,
        tone=emotions[insight.feeling]["tone"] if insight.feeling != "neutral" else "",
        topic=dialogue.topic,
        on=_on(brief),
        last_strategy=last,
        known=_known(dialogue) if strategy is Strategy.QUESTION else frozenset(),
        mild=brief.insight.record.intensity <= 2,
        want_permission="ask_permission" in brief.plan.constraints,
    )


def _on(brief: Brief) -> frozenset[str]:
    record, insight = brief.insight.record, brief.insight
    taken = accepts_idea(brief.dialogue, insight)
    held = {
        "rejection": record.rejection and not insight.declined,
        "declined": insight.declined,
        "too_early": record.consent and Strategy.SUGGESTION not in brief.plan.ranked and not taken,
        "commit": insight.commits or plans_step(brief.dialogue, insight),
        "taken": taken,
        "judged": brief.dialogue.verdict_turn == brief.dialogue.turn,
        "looked": bool(brief.dialogue.drafts) and brief.dialogue.drafts[-1].asks == "verdict",
        "verdict": looks_at_verdict(brief.dialogue),
        "change": record.change_talk > 0 and not taken,
        "asks_info": insight.asks_info,
        "coping": any(event.id == "stood_up" for event in insight.events),
    }
    return frozenset(name for name, holds in held.items() if holds)


def _known(dialogue: Dialogue) -> frozenset[str]:
    """What was asked in the last replies, or answered already, or comes too soon."""
    answered = {fact.kind for fact in dialogue.facts} - {"who", "where"}
    if any(insight.named for insight in dialogue.insights[-3:]):
        answered.add("feeling")
    lately = {draft.asks for draft in dialogue.drafts[-6:] if draft.asks not in _AGAIN}
    early = {asks for asks, turn in _NOT_BEFORE.items() if dialogue.turn < turn}
    return frozenset(answered | lately | early)


def _score(
    line: Line, moment: Moment, brief: Brief, sources: dict[str, str], rng: random.Random
) -> float:
    """Higher is better: specific to this caller, meant for this feeling, not heard lately."""
    used = {sources[slot.lower()] for slot in line.slots if slot.lower() in sources}
    ages = [brief.dialogue.turn - brief.dialogue.told.get(event, 0) for event in used]
    score = rng.uniform(0.0, 1.2) + sum(1.2 - 0.45 * min(age, 5) for age in ages)
    if line.strategy is Strategy.QUESTION and 0 in ages:  # it is said back in front instead
        score -= 2.2
    score += 0.6 * bool(line.slots & {"clause", "Clause", "trap_ask", "feeling", "Feeling"})
    score += 1.2 * (moment.feeling in line.feelings) + 0.7 * (moment.topic in line.topics)
    score += 1.0 * (moment.stage.value in line.stages) + 4.0 * bool(line.on)
    score += 1.5 * ("step2" in line.slots)  # a choice rather than one idea
    score += 2.5 * bool(line.after) + 0.8 * bool(line.asks and line.asks in brief.record.unknown)
    score -= 1.0 * line.plain
    return score - _staleness(line, brief.dialogue)


def _staleness(line: Line, dialogue: Dialogue) -> float:
    used = [n for n, draft in enumerate(reversed(dialogue.drafts)) if draft.line == line.id]
    stale = 6.0 / (1 + used[0]) + 1.5 if used else 0.0
    first = opener(line.say)
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
    return replace(draft, text=text, source="endpoint", line="", about=(), lead="")
