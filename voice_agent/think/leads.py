"""Short things said back first: one for what was just told, or for the feeling in it.

They are written per event and feeling (``data/replies/leads``), so that a reply answers *this* turn
before it asks or adds anything.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from voice_agent.contracts import Strategy
from voice_agent.think.dialogue import Dialogue, Draft
from voice_agent.think.facts import NO_STRENGTH, Event
from voice_agent.think.tables import table
from voice_agent.think.understand import Insight

_ORDER = ("what", "impact", "coping", "support")
_NOBODY = "them"


def event_leads(
    dialogue: Dialogue, insight: Insight, rng: random.Random
) -> Iterator[tuple[Event, str]]:
    """Leads for the events of the newest turn, the weightiest first; none twice in a call."""
    book: dict[str, list[str]] = table("replies/leads")["events"]
    said = " ".join(dialogue.spoken)
    told = sorted(insight.events, key=lambda e: (not e.heavy, _ORDER.index(e.kind)))
    for event in told:
        fit = [t for t in book.get(event.id, []) if "{who}" not in t or event.who != _NOBODY]
        texts = [_capital(text.format(who=event.who)) for text in fit]
        for text in rng.sample(texts, len(texts)):
            if text not in said:
                yield event, text


def feeling_lead(dialogue: Dialogue, insight: Insight, rng: random.Random) -> str:
    """A lead for a feeling that is new in this turn, or ""."""
    if insight.feeling in ("neutral", *dialogue.feelings[:-1][-2:]):
        return ""
    texts: list[str] = table("replies/leads")["feelings"][insight.feeling]
    said = " ".join(dialogue.spoken)
    fresh = [text for text in texts if text not in said]
    return rng.choice(fresh) if fresh else ""


def lead(dialogue: Dialogue, insight: Insight, rng: random.Random) -> tuple[str, tuple[str, ...]]:
    """What to say before a question: words and the events they used, or ("", ())."""
    words, used = acknowledgement(dialogue, insight, rng)
    if not words and insight.clause:
        return f"So {insight.clause}.", ()
    return words, used


def acknowledgement(
    dialogue: Dialogue, insight: Insight, rng: random.Random
) -> tuple[str, tuple[str, ...]]:
    """Words for what was just told or felt, and the events they used, or ("", ())."""
    for event, text in event_leads(dialogue, insight, rng):
        return text, (event.id,)
    return feeling_lead(dialogue, insight, rng), ()


def lead_drafts(
    dialogue: Dialogue, insight: Insight, strategy: Strategy, rng: random.Random
) -> Iterator[Draft]:
    """Leads that stand alone as the whole reply."""
    kinds = {
        Strategy.REFLECTION: ("what", "impact"),
        Strategy.RESTATEMENT: ("what", "impact"),
        Strategy.AFFIRMATION: ("coping", "support"),
    }.get(strategy, ())
    for event, text in event_leads(dialogue, insight, rng):
        strong = strategy is not Strategy.AFFIRMATION or event.id not in NO_STRENGTH
        if event.kind in kinds and strong:
            yield Draft(text, strategy, line=f"lead-{event.id}", about=(event.id,))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
