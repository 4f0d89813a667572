"""What a template line may fill in: authored words for this caller, never their raw transcript."""

from __future__ import annotations

import re
from collections.abc import Mapping

from voice_agent.contracts import Fact, ThinkingRecord
from voice_agent.think.dialogue import Dialogue
from voice_agent.think.facts import NO_STRENGTH, Event
from voice_agent.think.paraphrase import sayable
from voice_agent.think.tables import table
from voice_agent.think.thinking import trap_question
from voice_agent.think.understand import Insight

_NO_PARTNER = re.compile(r"\b(?:dog|cat|doctor|therapist|kids?|children|baby|ex)\b")
FRESH_VIEW_TURNS = 2
REUSE_AFTER_REPLIES = 3  # an event is said back again only after this many other replies


def slots(
    dialogue: Dialogue, insight: Insight, record: ThinkingRecord
) -> tuple[dict[str, str], dict[str, str]]:
    """Slot values for the newest turn, and which event each came from.

    Returns:
        ``values``: slot -> words, also with a capital first letter under a capitalised name.
        ``sources``: slot -> event id, for slots that say an event back.
    """
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    _events(dialogue, values, sources)
    if insight.named:
        values["feeling"] = insight.feeling_said
    if insight.feeling != "neutral":
        values["noun"] = table("understand/emotions")[insight.feeling]["noun"]
    if len(record.causal_chain) >= 2 and all(map(sayable, record.causal_chain[:2])):
        values["chain_cause"], values["chain_effect"] = record.causal_chain[:2]
    _plain(values, "clause", insight.clause)
    _plain(values, "when", _newest(dialogue.facts, "when"))
    _people(dialogue, values)
    _views(dialogue, record, values)
    _plain(values, "trap_ask", trap_question(record.thought_trap))
    for name, step in zip(("step", "step2"), record.next_step_options, strict=False):
        values[name] = step
    return _with_capitals(values), sources


def _events(dialogue: Dialogue, values: dict[str, str], sources: dict[str, str]) -> None:
    fresh = _fresh(dialogue)
    problems = [e for e in reversed(fresh) if e.kind == "what"]
    impacts = [e for e in reversed(fresh) if e.kind == "impact"]
    strengths = [
        e for e in reversed(fresh) if e.kind in ("coping", "support") and e.id not in NO_STRENGTH
    ]
    for suffix, event in zip(("", "2"), problems, strict=False):
        values[f"said{suffix}"], values[f"thing{suffix}"] = event.said, event.thing
        sources[f"said{suffix}"] = sources[f"thing{suffix}"] = event.id
    if problems and "your" not in problems[0].thing:
        values["common"], sources["common"] = problems[0].thing, problems[0].id
    for prefix, group in (("impact", impacts), ("strength", strengths)):
        if group:
            values[f"{prefix}_said"], values[f"{prefix}_thing"] = group[0].said, group[0].thing
            sources[f"{prefix}_said"] = sources[f"{prefix}_thing"] = group[0].id
    if "impact_said" in values:
        values["impact"] = values["impact_said"]
        sources["impact"] = sources["impact_said"]


def _fresh(dialogue: Dialogue) -> list[Event]:
    """Events not said back in the last few replies; those of the newest turn come last."""
    used = {name for draft in dialogue.drafts[-REUSE_AFTER_REPLIES:] for name in draft.about}
    newest = {event.id for event in dialogue.insights[-1].events}
    old = [e for e in dialogue.events if e.id not in used and e.id not in newest]
    return old + [e for e in dialogue.insights[-1].events if e.id not in used]


def _people(dialogue: Dialogue, values: dict[str, str]) -> None:
    """Somebody to ask about; never somebody who died, and no doctor or pet."""
    lost = next((event.who for event in dialogue.events if event.id == "death"), None)
    _plain(values, "who_lost", lost)
    who = _newest(dialogue.facts, "who")
    if who and who != lost and not _NO_PARTNER.search(who):
        values["who"] = who


def _views(dialogue: Dialogue, record: ThinkingRecord, values: dict[str, str]) -> None:
    """People of whose view the caller has just spoken: it is said back as a possibility only."""
    lost = next((event.who for event in dialogue.events if event.id == "death"), None)
    for view in record.views:
        slot = {"unaware": "unaware_who", "believes": "believer"}.get(view.attitude)
        fresh = dialogue.turn - view.turn < FRESH_VIEW_TURNS
        if slot and fresh and view.holder.startswith("your ") and view.holder != lost:
            _plain(values, slot, view.holder if sayable(view.holder) else None)


def _newest(facts: tuple[Fact, ...], kind: str) -> str | None:
    text = next((fact.text for fact in reversed(facts) if fact.kind == kind), None)
    if kind == "when" and text and not text.startswith(("for ", "since ")):
        return None  # only a span fits "it's been going on ..."
    return text


def _plain(values: dict[str, str], name: str, text: str | None) -> None:
    if text:
        values[name] = text


def _with_capitals(values: Mapping[str, str]) -> dict[str, str]:
    capital = {
        name[:1].upper() + name[1:]: text[:1].upper() + text[1:] for name, text in values.items()
    }
    return {**values, **capital}
