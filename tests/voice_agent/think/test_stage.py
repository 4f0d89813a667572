"""The stage moves on what is known and signalled, never on turn count alone."""

from __future__ import annotations

import dataclasses

from voice_agent.contracts import RiskLevel, Stage
from voice_agent.think.stage import Signals, StageTracker

NOTHING = Signals(
    problem=False, trigger=False, feeling=False, impact=False, asks_why=False, trap=False,
    consent=False, change=0.0, commits=False, rejection=False, new_distress=False,
)  # fmt: skip
KNOWN = dataclasses.replace(NOTHING, problem=True, trigger=True, feeling=True, impact=True)
ASKS = dataclasses.replace(KNOWN, consent=True)


def run(*turns: Signals, risk: RiskLevel = RiskLevel.NONE) -> StageTracker:
    tracker = StageTracker()
    for number, now in enumerate(turns):
        tracker.update(now, number, risk)
    return tracker


def test_turns_alone_never_move_it() -> None:
    assert run(*[NOTHING] * 30).estimate.stage is Stage.EXPLORATION


def test_what_is_known_leads_to_insight_after_the_least_dwell() -> None:
    tracker = StageTracker()
    stages = [tracker.update(KNOWN, n, RiskLevel.NONE).stage for n in range(4)]
    assert stages[:2] == [Stage.EXPLORATION] * 2
    assert stages[-1] is Stage.INSIGHT
    assert "known" in tracker.estimate.reason or "stays" in tracker.estimate.reason


def test_asking_for_a_way_forward_leads_to_action() -> None:
    assert run(KNOWN, KNOWN, ASKS, ASKS).estimate.stage is Stage.ACTION


def test_never_forward_while_there_is_risk() -> None:
    assert run(KNOWN, KNOWN, ASKS, ASKS, risk=RiskLevel.LOW).estimate.stage is Stage.EXPLORATION


def test_a_rejected_idea_or_new_distress_leads_back_at_once() -> None:
    for change in ({"rejection": True}, {"new_distress": True}):
        tracker = run(KNOWN, KNOWN, ASKS, ASKS)
        assert tracker.estimate.stage is Stage.ACTION
        back = dataclasses.replace(KNOWN, **change)
        assert tracker.update(back, 4, RiskLevel.NONE).stage is not Stage.ACTION
        assert tracker.estimate.reason.startswith("back")


def test_one_weak_vote_is_not_enough() -> None:
    half = dataclasses.replace(NOTHING, problem=True, feeling=True, asks_why=True)
    tracker = run(NOTHING, NOTHING, NOTHING)
    assert tracker.update(half, 3, RiskLevel.NONE).stage is Stage.EXPLORATION


def test_probabilities_sum_to_one() -> None:
    for now in (NOTHING, KNOWN, ASKS):
        p = run(now).estimate.p
        assert abs(sum(p.values()) - 1.0) < 0.01
