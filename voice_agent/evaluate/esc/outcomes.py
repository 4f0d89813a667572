"""What a talk came to (DeepPsy-Agent's outcomes made computable, research notes 7.2).

Each is a number for one talk, or None where its card does not ask for it.
"""

from __future__ import annotations

from voice_agent.evaluate.esc.held import Held
from voice_agent.evaluate.esc.seeker import STRENGTH, TURNED
from voice_agent.evaluate.likeness import alike
from voice_agent.think.prototypes import Embed


def told(held: Held) -> float:
    """Share of the card's facts that the seeker came to tell."""
    return len(held.ledger.told) / len(held.card.facts)


def noted(held: Held, embed: Embed | None) -> float:
    """Share of the card's facts that stand in the agent's record: exposure completeness."""
    known = _known(held)
    facts = [fact for fact, _ in held.ledger.told]
    hits = sum(any(alike(fact.text, text, embed) for text in known) for fact in facts)
    return hits / len(held.card.facts)


def _known(held: Held) -> set[str]:
    """Every clause of the record."""
    record = held.record
    noted = {text for texts in record.facts.values() for text in texts}
    views = {f"{view.holder} {view.attitude} {view.content}" for view in record.views}
    return noted | set(record.causal_chain) | views


def root_found(held: Held, embed: Embed | None) -> float | None:
    """1 where the record's root cause is the card's, of those who have told it."""
    cause, root = held.card.cause, held.record.root_cause
    if not any(fact.kind == "cause" for fact, _ in held.ledger.told):
        return None
    return float(root is not None and alike(root, cause, embed))


def restructured(held: Held) -> float | None:
    """1 where the belief fell by 30 points and the other thought was spoken."""
    fell = STRENGTH - held.ledger.strength >= TURNED
    return float(fell and held.ledger.turned) if held.card.belief else None


def adopted(held: Held) -> float | None:
    """1 where the seeker said a step and when."""
    return float(held.ledger.planned) if held.card.step else None


def ineffective(held: Held) -> float | None:
    """Share of the advice that was unasked, repeated or rejected."""
    ledger = held.ledger
    return ledger.ineffective / ledger.advice if ledger.advice else None


def asked_again(held: Held) -> float:
    """Questions about what had been told, a reply."""
    return held.ledger.asked_again / len(held.replies)


def alarmed(held: Held) -> float:
    """1 where the agent asked about suicide; no card gives a reason."""
    return float(held.ledger.death_asked > 0)


def pushes(held: Held) -> float:
    """Share of the replies that advise or confront unasked, by the agent's own codes."""
    skills = held.report.skills
    return skills.pushes / max(1, skills.replies)


def reflections(held: Held) -> float:
    """Reflections for each question, by the agent's own codes."""
    return held.report.skills.reflections / max(1, held.report.skills.questions)


def autonomy(held: Held) -> float | None:
    """Share of the stretches in the action stage in which the decision is handed back."""
    skills = held.report.skills
    return skills.handed_back / skills.action_runs if skills.action_runs else None
