"""What the learnt planner and tracker look at: last turns, moves made, signals heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from voice_agent.contracts import Stage, Strategy
from voice_agent.think.dialogue import Dialogue
from voice_agent.think.heads import Floats, Head, terms_of
from voice_agent.think.prototypes import Vectors
from voice_agent.think.stage import signals
from voice_agent.think.understand import Insight

RECENT_TURNS = 3  # caller turns whose mean vector stands for the topic at hand
FADE = 0.6  # weight of a move that was made one reply earlier
TERM_WORDS = 2  # longest word run


def move_features(
    head: Head,
    dialogue: Dialogue,
    insight: Insight,
    heard: Iterable[str],
    belief: Mapping[str, float],
) -> Floats | None:
    """Features of the moment for the planner; None where the turn has no sentence vector."""
    return _features(head, dialogue, insight, move_signals(dialogue, heard, belief))


def stage_shares(head: Head, dialogue: Dialogue, insight: Insight) -> dict[Stage, float] | None:
    """What the tracker's head says of the stage a talk is in; None without a sentence vector."""
    seen = stage_features(head, dialogue, insight)
    if seen is None:
        return None
    named = head.named(seen)
    return {stage: named[stage.value] for stage in Stage}


def stage_features(head: Head, dialogue: Dialogue, insight: Insight) -> Floats | None:
    """Features of the moment for the tracker; None where the turn has no sentence vector."""
    return _features(head, dialogue, insight, stage_signals(dialogue, insight))


def _features(
    head: Head, dialogue: Dialogue, insight: Insight, named: dict[str, float]
) -> Floats | None:
    vector = moment_vector(dialogue, insight)
    if vector is None:
        return None
    return head.recipe.features(vector, terms_of(insight.heard.text, TERM_WORDS), named)


def moment_vector(dialogue: Dialogue, insight: Insight) -> Vectors | None:
    """The newest caller turn and the mean of the last three, [768]."""
    recent = [i.vector for i in dialogue.insights[-RECENT_TURNS:] if i.vector is not None]
    if insight.vector is None or not recent:
        return None
    return np.concatenate([insight.vector, np.mean(recent, axis=0)]).astype(np.float32)


def move_signals(
    dialogue: Dialogue, heard: Iterable[str], belief: Mapping[str, float]
) -> dict[str, float]:
    """Named numbers for the planner: signals heard, moves made, and what the tracker believes of
    the stage (by stage; a belief says more than its favourite, which is wrong one time in four)."""
    named = {f"heard:{name}": 1.0 for name in heard}
    believed = {f"stage:{stage}": p for stage, p in belief.items()}
    return named | _moves_made(dialogue) | _lengths(dialogue) | believed


def stage_signals(dialogue: Dialogue, insight: Insight) -> dict[str, float]:
    """Named numbers for the tracker: what is known, what the caller signals, moves made."""
    seen = signals(dialogue, insight)
    known = {f"sees:{name}": float(value) for name, value in vars(seen).items()}
    return known | _moves_made(dialogue) | _lengths(dialogue) | {"coverage": seen.coverage / 4}


def _moves_made(dialogue: Dialogue) -> dict[str, float]:
    """Moves made so far with fading weight, and the last one."""
    used = dialogue.strategies()
    named = {f"last:{used[-1].value}": 1.0} if used else {}
    for strategy in Strategy:
        ages = [age for age, past in enumerate(reversed(used)) if past is strategy]
        named[f"made:{strategy.value}"] = sum(FADE**age for age in ages)
    return named


def _lengths(dialogue: Dialogue) -> dict[str, float]:
    """How long the talk and its newest turn are. The talk's length saturates early on purpose:
    a tracker that marches on by turn count looks plausible and is wrong."""
    words = len(dialogue.insights[-1].heard.text.split())
    return {
        "words": min(60, words) / 60,
        **{f"after {turns} turns": float(dialogue.turn >= turns) for turns in (1, 2, 4)},
    }
