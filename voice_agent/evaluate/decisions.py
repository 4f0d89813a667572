"""Planner and tracker run over written-out dialogues, beside what the human supporter did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from voice_agent.contracts import Stage, Strategy
from voice_agent.evaluate.replay import tracked
from voice_agent.evaluate.talks import Talk
from voice_agent.think.mind import Mind

SILVER_WINDOW = 2  # supporter turns before and after
# Which stages a strategy belongs to (Kang et al., ACL 2024; research notes 2.1, bold shares).
_BELONGS = {
    "question": ("exploration",),
    "restatement": ("exploration",),
    "reflection": ("exploration", "insight"),
    "self_disclosure": ("exploration", "insight", "action"),
    "affirmation": ("insight", "action"),
    "suggestion": ("action",),
    "information": ("action",),
    "others": (),
}


@dataclass(frozen=True)
class Decision:
    """One supporter turn. ``scored``: the planner's favourite before the rules of consent;
    ``spoken``: its choice after them; ``stage``: where the tracker was, before the turn."""

    gold: str
    scored: str
    spoken: str
    gold_stage: str
    stage: str


def decide(talk: Talk, mind: Mind) -> list[Decision]:
    """A decision for every supporter turn that has a caller turn before it."""
    made = []
    silver = silver_stages([turn.strategy for turn in talk.turns])
    for moment, stage in tracked(talk, mind.understander, mind.tracker(), mind.stage_shares):
        plan = mind.planner.plan(moment.dialogue, moment.insight, stage, moment.risk)
        made.append(
            Decision(
                gold=moment.gold.strategy,
                scored=max(plan.adjusted, key=lambda name: plan.adjusted[name]),
                spoken=plan.strategy.value,
                gold_stage=moment.gold.stage or silver[moment.index],
                stage=stage.stage.value,
            )
        )
    return made


def silver_stages(strategies: Sequence[str]) -> list[str]:
    """A stage for every turn of a talk that has none written: the majority around it.

    Args:
        strategies: of all turns, "" for callers'. Ties stay in the stage before.
    """
    said = [n for n, strategy in enumerate(strategies) if strategy]
    stages, present = [""] * len(strategies), Stage.EXPLORATION.value
    for place, n in enumerate(said):
        near = said[max(0, place - SILVER_WINDOW) : place + SILVER_WINDOW + 1]
        votes = Counter(stage for m in near for stage in _BELONGS[strategies[m]])
        most = max(votes.values(), default=0)
        best = [stage for stage, count in votes.items() if count == most]
        present = present if present in best or not best else sorted(best, key=_order)[0]
        stages[n] = present
    return stages


def _order(stage: str) -> int:
    return [s.value for s in Stage].index(stage)


STRATEGIES = tuple(s.value for s in Strategy)
STAGES = tuple(s.value for s in Stage)
