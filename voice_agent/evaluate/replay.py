"""A written-out dialogue replayed to the text mind: what it would know before each supporter turn.

The history is always the true one ("teacher forcing"), so every decision is measured by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from voice_agent.contracts import RiskLevel, Stage, StageEstimate, Strategy, UserTurn
from voice_agent.evaluate.talks import CALLER, Talk, TalkTurn
from voice_agent.think.dialogue import Dialogue, Draft
from voice_agent.think.guard_in import listen_for_crisis
from voice_agent.think.stage import StageTracker, signals
from voice_agent.think.understand import Insight, Understander

# Human wordings of "may I offer an idea?", so that a "yes" after it counts as consent.
_ASKS_PERMISSION = re.compile(
    r"\b(?:would you like (?:to hear|me to|an? |some )|(?:can|could|may|shall) i (?:offer|share|"
    r"suggest|tell you|say|give|make)|want (?:to hear|an idea|me to|a thought)|is it (?:ok|okay|all"
    r" right) if i|do you want (?:to hear|an? |some |me to)|open to (?:an?|hearing|some|trying))",
    re.I,
)

StageShares = Callable[[Dialogue, Insight], dict[Stage, float] | None]  # what a learnt head says


@dataclass(frozen=True)
class Moment:
    """Just before one supporter turn. ``dialogue`` is live: read it before going on."""

    dialogue: Dialogue
    insight: Insight
    risk: RiskLevel
    gold: TalkTurn
    index: int  # of the turn in the talk


def heard_texts(talk: Talk) -> list[str]:
    """The caller turns of a talk as the mind hears them: neighbours run together."""
    heard: list[list[str]] = [[]]
    for turn in talk.turns:
        if turn.who == CALLER:
            heard[-1].append(turn.text)
        elif heard[-1]:
            heard.append([])
    return [" ".join(texts) for texts in heard if texts]


def replay(talk: Talk, understander: Understander) -> Iterator[Moment]:
    """Every supporter turn that has a caller turn before it, in order."""
    dialogue, insight, risk = Dialogue(), None, RiskLevel.NONE
    pending: list[str] = []
    for index, turn in enumerate(talk.turns):
        if turn.who == CALLER:
            pending.append(turn.text)
            continue
        if pending:
            insight, level = _hear(dialogue, " ".join(pending), understander)
            risk = max(risk, level, key=lambda known: known.rank)
            pending = []
        if insight is not None:
            yield Moment(dialogue, insight, risk, turn, index)
        _say(dialogue, turn)


def tracked(
    talk: Talk, understander: Understander, tracker: StageTracker, shares: StageShares
) -> Iterator[tuple[Moment, StageEstimate]]:
    """The same moments, each with where the tracker of a call would be."""
    heard = -1
    for moment in replay(talk, understander):
        dialogue, insight = moment.dialogue, moment.insight
        if dialogue.turn != heard:
            heard = dialogue.turn
            learnt = shares(dialogue, insight)
            tracker.update(signals(dialogue, insight), heard, moment.risk, learnt)
        yield moment, tracker.estimate


def _hear(dialogue: Dialogue, text: str, mind: Understander) -> tuple[Insight, RiskLevel]:
    dialogue.turn += 1
    insight = mind.understand(
        UserTurn(text),
        dialogue.turn,
        topic=dialogue.topic,
        permission_asked=dialogue.permission_asked,
    )
    dialogue.hear(text, insight)
    return insight, listen_for_crisis(text).level


def _say(dialogue: Dialogue, turn: TalkTurn) -> None:
    asks = "permission" if _ASKS_PERMISSION.search(turn.text) else ""
    draft = Draft(turn.text, Strategy(turn.strategy or "others"), asks)
    dialogue.log.append(("agent", turn.text))
    dialogue.drafts.append(draft)
