"""What an endpoint is asked: the planned move, the private notes, and the rules of speech."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from voice_agent.contracts import RiskLevel, RiskState, ThinkingRecord
from voice_agent.think.dialogue import Dialogue
from voice_agent.think.endpoint import Message
from voice_agent.think.manner import out_of_place, situations
from voice_agent.think.tables import table
from voice_agent.think.writer import Brief

HISTORY = 16  # utterances of both sides
EXAMPLES = 4  # own lines that show an endpoint how a persona sounds
_LIST_KEYS = ("causal_chain", "needs", "strengths", "what_not_to_say", "next_step_options")
_MAX_ITEMS, _MAX_ITEM_CHARS = 5, 90


def reply_messages(brief: Brief) -> list[Message]:
    """Messages that ask for the next reply, strategy included."""
    book = table("replies/prompt")
    record, strategy = brief.record, brief.plan.strategy.value
    asking = "ask_permission" in brief.plan.constraints
    system = book["reply"].format(
        stage=brief.stage.stage.value,
        reason=brief.stage.reason,
        strategy=strategy,
        meaning=book["meaning"]["permission" if asking else strategy],
        extra=_ideas(brief),
        notes="; ".join(record.causal_chain or ((record.root_cause,) if record.root_cause else ()))
        or "little is known yet",
        persona=_style(brief),
        avoid="; ".join(record.what_not_to_say) or "nothing in particular",
    )
    return [{"role": "system", "content": system.strip()}, *_history(brief.dialogue)]


def _style(brief: Brief) -> str:
    """The persona's manner, lines of its own for this move, and presets for this turn; or ""."""
    persona, move = brief.persona, brief.plan.strategy
    if persona is None or out_of_place(persona, brief.dialogue):
        return ""
    here = situations(brief.insight.heard)
    fitting = [p.line.say for p in persona.presets if p.situation in here]
    examples = [line.say for line in persona.lines.get(move, ()) if not line.slots]
    text: str = table("replies/prompt")["persona"]
    return text.format(
        name=persona.name,
        style=persona.style,
        about=persona.about,
        manner=", ".join(f"{axis} {value:g}" for axis, value in persona.manner.items()),
        avoids=", ".join(persona.avoids),
        examples=" / ".join((*persona.before, *examples[:EXAMPLES])),
        presets=" / ".join(fitting) or "nothing in particular",
    )


def fix_messages(messages: list[Message], text: str, faults: tuple[str, ...]) -> list[Message]:
    """Messages that ask for one rewrite."""
    fix = table("replies/prompt")["fix"].format(faults=", ".join(faults))
    return [
        *messages,
        {"role": "assistant", "content": text},
        {"role": "user", "content": fix},
    ]


def think_messages(dialogue: Dialogue) -> list[Message]:
    """Messages that ask for private notes as JSON."""
    traps = ", ".join(table("understand/traps"))
    system = table("replies/prompt")["think"].format(traps=traps).strip()
    return [{"role": "system", "content": system}, *_history(dialogue)]


def _ideas(brief: Brief) -> str:
    steps = brief.record.next_step_options[:2]
    if brief.plan.strategy.value != "suggestion" or not steps:
        return ""
    return "Ideas that fit: " + "; ".join(steps) + "."


def _history(dialogue: Dialogue) -> list[Message]:
    roles = {"caller": "user", "agent": "assistant"}
    return [{"role": roles[who], "content": words} for who, words in dialogue.log[-HISTORY:]]


def with_notes(record: ThinkingRecord, notes: dict[str, Any]) -> ThinkingRecord:
    """The embedded record enriched by an endpoint's notes; anything of the wrong shape is left."""
    lists = {key: _strings(notes.get(key)) for key in _LIST_KEYS}
    kept = {key: items for key, items in lists.items() if items}
    kept["what_not_to_say"] = record.what_not_to_say + lists["what_not_to_say"]
    trap = notes.get("thought_trap")
    return replace(
        record,
        causal_chain=kept.get("causal_chain", record.causal_chain),
        root_cause=_text(notes.get("root_cause")) or record.root_cause,
        thought_trap=trap if trap in list(table("understand/traps")) else record.thought_trap,
        needs=kept.get("needs", record.needs),
        strengths=kept.get("strengths", record.strengths),
        what_not_to_say=kept["what_not_to_say"],
        next_step_options=kept.get("next_step_options", record.next_step_options),
        source="endpoint",
    )


def risk_of(notes: dict[str, Any]) -> RiskLevel:
    """The endpoint's opinion of the risk; it may raise the level, never lower it."""
    value = notes.get("risk")
    return RiskLevel(value) if value in list(RiskLevel) else RiskLevel.NONE


def told_by_endpoint(risk: RiskState) -> bool:
    """Whether the newest evidence is an endpoint's opinion."""
    return bool(risk.evidence) and risk.evidence[-1] == "endpoint" and risk.calm_turns == 0


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    texts = (_text(item) for item in value[:_MAX_ITEMS])
    return tuple(text for text in texts if text)


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    return value.strip()[:_MAX_ITEM_CHARS]
