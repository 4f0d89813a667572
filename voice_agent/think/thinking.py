"""The private thinking record: what the agent believes is going on, and what it does not know.

Embedded form of DeepPsy's deep thinking (research notes 6.5): facts by kind, a causal chain from
connectives and from the order of events, the thinking trap the wording suggests, strengths, what
not to say, next steps. It informs the reply and never chooses the strategy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from voice_agent.contracts import RiskState, Stage, ThinkingRecord
from voice_agent.think.causes import tells_same
from voice_agent.think.dialogue import Dialogue
from voice_agent.think.facts import NO_STRENGTH, Event
from voice_agent.think.paraphrase import sayable
from voice_agent.think.tables import table
from voice_agent.think.understand import Insight
from voice_agent.think.words import Heard

KINDS = ("who", "what", "when", "where", "impact", "coping", "support")
MIN_FEELING = 0.12  # probability from which a feeling is worth noting
_BACKWARD = re.compile(r"\b(?:because|since|ever since|due to|thanks to|after)\b")
_CAUSE_FIRST = ("what", "coping", "support", "impact")


@cache
def _traps() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    return tuple(
        (name, re.compile("|".join(f"(?:{cue})" for cue in row["cues"])), row["ask"])
        for name, row in table("understand/traps").items()
    )


def thought_trap(heard: Heard, found: tuple[Event, ...]) -> str | None:
    """The thinking trap that the wording of one turn suggests, or None."""
    for name, cue, _ in _traps():
        if cue.search(heard.text):
            return name
    return next((event.trap for event in found if event.trap), None)


def trap_question(name: str | None) -> str:
    """A gentle question for a trap, or ""."""
    return next((ask for trap, _, ask in _traps() if trap == name), "")


def causal_chain(dialogue: Dialogue, heard: Heard) -> tuple[str, ...]:
    """Causes before effects: in the caller's own clauses, else in the authored words of events."""
    return dialogue.chain.steps() or _event_chain(dialogue, heard)


def _event_chain(dialogue: Dialogue, heard: Heard) -> tuple[str, ...]:
    """Known events, causes first ("the work keeps piling up", "you're not sleeping").

    Inside one turn "A because B" puts B first; otherwise what happened comes before what it does.
    """
    here = [e for e in dialogue.insights[-1].events if e.kind in ("what", "impact")]
    turned = _BACKWARD.search(heard.text)
    if turned and any(e.at < turned.start() for e in here):
        after = [e for e in here if e.at > turned.start()]
        here = after + [e for e in here if e.at < turned.start()]
    earlier = [e for e in dialogue.events if e.kind in ("what", "impact")]
    order = here if len(here) >= 2 else sorted(earlier, key=lambda e: _CAUSE_FIRST.index(e.kind))
    chain = tuple(dict.fromkeys(event.said for event in order))
    return chain[:4] if len(chain) >= 2 else ()


@dataclass(frozen=True)
class _Avoid:
    """What a listener should not say now, and when that holds."""

    text: str
    feelings: tuple[str, ...] = ()


_AVOID = (
    _Avoid("no silver lining, no comparison with other losses", ("grief",)),
    _Avoid("no agreeing with the harsh verdict", ("shame", "guilt")),
    _Avoid("no telling them to calm down", ("anxiety", "anger")),
    _Avoid("no list of things to do", ("overwhelm", "exhaustion")),
    _Avoid("no cheering up", ("hopelessness", "sadness")),
    _Avoid("no taking sides against a person they love", ("hurt", "anger")),
)


def think(dialogue: Dialogue, insight: Insight, stage: Stage, risk: RiskState) -> ThinkingRecord:
    """The embedded record after the newest turn (already in ``dialogue``)."""
    by_kind = {
        kind: tuple(fact.text for fact in dialogue.facts if fact.kind == kind) for kind in KINDS
    }
    chain = causal_chain(dialogue, insight.heard)
    told = [event for event in dialogue.events if event.kind == "what"]
    first = next((event for event in told if event.heavy), told[0] if told else None)
    known = sum(bool(by_kind[kind]) for kind in ("what", "when", "impact", "coping", "support"))
    return ThinkingRecord(
        stage=stage,
        feelings=_feelings(insight, dialogue.denied),
        facts={kind: texts for kind, texts in by_kind.items() if texts},
        causal_chain=chain,
        root_cause=chain[0] if chain else (first.said if first else None),
        thought_trap=thought_trap(insight.heard, insight.events),
        needs=insight.record.needs,
        strengths=_strengths(dialogue),
        risk_level=risk.level,
        risk_why=", ".join(risk.evidence[-3:]),
        what_not_to_say=_not_to_say(insight, risk),
        next_step_options=steps_for(dialogue, insight),
        confidence=round(min(1.0, 0.2 + 0.16 * known), 2),
        unknown=tuple(kind for kind in KINDS if kind != "where" and not by_kind[kind]),
        views=tuple(dialogue.perspectives.views),
    )


def _strengths(dialogue: Dialogue) -> tuple[str, ...]:
    holding = (e for e in dialogue.events if e.kind in ("coping", "support"))
    return tuple(event.said for event in holding if event.id not in NO_STRENGTH)


def _feelings(insight: Insight, denied: set[str]) -> tuple[dict[str, object], ...]:
    probable = sorted(insight.record.emotions.items(), key=lambda item: -item[1])
    return tuple(
        {"label": label, "p": p, "intensity": insight.record.intensity}
        for label, p in probable[:3]
        if label != "neutral" and label not in denied and p >= MIN_FEELING
    )


def _not_to_say(insight: Insight, risk: RiskState) -> tuple[str, ...]:
    notes = [rule.text for rule in _AVOID if insight.feeling in rule.feelings]
    if insight.record.rejection:
        notes.append("no further advice this turn")
    if not insight.record.consent:
        notes.append("no advice without permission")
    if risk.level.rank:
        notes.append("no minimising, no promise demanded")
    return tuple(notes)


def steps_for(dialogue: Dialogue, insight: Insight) -> tuple[str, ...]:
    """Small steps that fit, not offered before: the events' own first, then topic, then feeling."""
    book = table("replies/steps")
    newest = sorted(reversed(dialogue.events), key=lambda event: event.kind != "what")
    named = [event.step for event in newest if event.step]
    topical = book["topics"].get(dialogue.topic or "general", book["topics"]["general"])
    felt = book["feelings"].get(insight.feeling, [])
    wanted = dict.fromkeys([*named, *topical, *felt, *book["topics"]["general"]])
    return tuple(step for step in wanted if step not in dialogue.offered)[:4]


def summary(dialogue: Dialogue, record: ThinkingRecord) -> str:
    """What the agent has understood, in plain words for the caller to correct."""
    problems = list(record.facts.get("what", ()))[:2] + list(record.facts.get("impact", ()))[:1]
    feelings = [f for f in dict.fromkeys(reversed(dialogue.feelings)) if f != "neutral"][:2]
    feelings = [f for f in feelings if f not in dialogue.denied]
    began = next((step for step in record.causal_chain[:1] if sayable(step)), "")
    if not problems and not feelings and not began:
        return "Not much yet, honestly, and I don't want to make it up. What should I know first?"
    parts = ["Here's what I have.", *([_joined(problems)] if problems else [])]
    if began and not any(tells_same(problem, began) for problem in problems):
        parts.append(f"As I hear it, it began with this: {began}.")
    if feelings:
        nouns = [table("understand/emotions")[feeling]["noun"] for feeling in feelings]
        parts.append(f"And there's {' and '.join(nouns)} in it.")
    parts += _view_said(record)
    parts.append("What have I got wrong?")
    return " ".join(parts)


def _view_said(record: ThinkingRecord) -> list[str]:
    """One thing about another person's view, with care."""
    unaware = next((view for view in reversed(record.views) if view.attitude == "unaware"), None)
    if unaware is None or not sayable(unaware.holder):
        return []
    if unaware.holder == "nobody":
        return ["And it may be that nobody around you knows."]
    return [f"And {unaware.holder} may not know."]


def _joined(clauses: list[str]) -> str:
    text = ", and ".join([", ".join(clauses[:-1]), clauses[-1]] if len(clauses) > 1 else clauses)
    return text[:1].upper() + text[1:] + "."
