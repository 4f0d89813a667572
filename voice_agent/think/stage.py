"""Stage tracker: exploration, insight or action, from what is known and what the caller signals.

Hill's three stages with hysteresis (research notes 6.4): two votes in a row or a clear one, at
least two supporter turns in a stage, never forward while there is risk, back on new distress or a
rejected idea. Turn count alone never moves it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from voice_agent.contracts import RiskLevel, Stage, StageEstimate
from voice_agent.think.dialogue import Dialogue
from voice_agent.think.understand import Insight

DWELL_TURNS = 2  # supporter turns before a stage may be left for a later one
CLEAR_VOTE = 0.8  # one vote this sure is enough
STAY = 0.8  # log-odds in favour of the present stage
ASKED = 200.0  # odds for action when the caller asks for a way forward in so many words
HOLD = 0.7  # chance that a talk stays in its stage over one caller turn; best on validation talks

_ORDER = list(Stage)


@dataclass(frozen=True)
class Signals:
    """What the tracker looks at in one turn."""

    problem: bool
    trigger: bool
    feeling: bool
    impact: bool
    asks_why: bool
    trap: bool
    consent: bool
    change: float
    commits: bool
    rejection: bool
    new_distress: bool

    @property
    def coverage(self) -> int:
        return self.problem + self.trigger + self.feeling + self.impact


def signals(dialogue: Dialogue, insight: Insight) -> Signals:
    """Signals of the newest turn, given the call so far (which includes it)."""
    kinds = {fact.kind for fact in dialogue.facts}
    record = insight.record
    fresh = bool(insight.events) and dialogue.turn > 0
    return Signals(
        problem="what" in kinds,
        trigger=bool(kinds & {"when", "who", "where"}),
        feeling=any(feeling != "neutral" for feeling in dialogue.feelings[-4:]),
        impact="impact" in kinds,
        asks_why=insight.asks_why,
        trap=any(event.trap for event in dialogue.events),
        consent=record.consent,
        change=record.change_talk,
        commits=insight.commits,
        rejection=record.rejection,
        new_distress=fresh and record.intensity >= 5,
    )


class StageTracker:
    """The stage of one call."""

    def __init__(self, *, fixed: bool = False) -> None:
        """Args:
        fixed: never leave exploration; to measure what the tracker is worth.
        """
        self._fixed = fixed
        self.estimate = StageEstimate(
            Stage.EXPLORATION, {s.value: float(s is Stage.EXPLORATION) for s in Stage}, 0, "opening"
        )
        self._last_vote = Stage.EXPLORATION

    def update(
        self,
        now: Signals,
        turn: int,
        risk: RiskLevel,
        learnt: dict[Stage, float] | None = None,
    ) -> StageEstimate:
        """Vote with the newest turn and move if the rules allow it.

        Args:
            learnt: what the learnt head makes of the turn; without it the
                hand-set odds vote.
        """
        if self._fixed:
            return self.estimate
        if learnt:
            p = self._believed(_heeding(learnt, now))
        else:
            p = _probabilities(now, self.estimate.stage)
        vote = max(p, key=lambda stage: p[stage])
        stage, reason = self._decide(vote, p[vote], now, turn, risk, heard=learnt is not None)
        entered = self.estimate.entered_turn if stage is self.estimate.stage else turn
        rounded = {s.value: round(value, 3) for s, value in p.items()}
        self.estimate = StageEstimate(stage, rounded, entered, reason)
        self._last_vote = vote
        return self.estimate

    def _believed(self, learnt: dict[Stage, float]) -> dict[Stage, float]:
        """The learnt evidence weighed against where the talk was: stages rarely jump."""
        before = {stage: self.estimate.p[stage.value] for stage in Stage}
        p = {
            stage: learnt[stage] * sum(before[old] * _step(old, stage) for old in Stage)
            for stage in Stage
        }
        total = sum(p.values())
        return {stage: value / total for stage, value in p.items()}

    def _decide(
        self, vote: Stage, p: float, now: Signals, turn: int, risk: RiskLevel, *, heard: bool
    ) -> tuple[Stage, str]:
        present = self.estimate.stage
        if vote is present:
            return present, f"stays: {_why(now, present)}"
        if _ORDER.index(vote) < _ORDER.index(present):
            if now.rejection or now.new_distress or heard:
                return vote, "back: " + ("the idea did not fit" if now.rejection else "distress")
            return present, "stays: nothing calls it back"
        if risk is not RiskLevel.NONE:
            return present, "stays: no step forward while there is risk"
        if turn - self.estimate.entered_turn < DWELL_TURNS:
            return present, f"stays: only just in {present.value}"
        if heard or vote is self._last_vote or p > CLEAR_VOTE:  # a belief has weighed the past
            return vote, f"forward: {_why(now, vote)}"
        return present, f"stays: one vote for {vote.value} so far"


def _heeding(learnt: dict[Stage, float], now: Signals) -> dict[Stage, float]:
    """The learnt evidence, and the caller's own word where they ask for a way forward."""
    if not now.consent or now.rejection:
        return learnt
    return {**learnt, Stage.ACTION: ASKED * learnt[Stage.ACTION]}


def _step(old: Stage, new: Stage) -> float:
    """How likely a talk in ``old`` is in ``new`` one caller turn later."""
    if new is old:
        return HOLD
    return (1 - HOLD) / 2


def _probabilities(now: Signals, present: Stage) -> dict[Stage, float]:
    odds = {
        Stage.EXPLORATION: 2.2 - 0.9 * now.coverage + 1.6 * now.rejection + 1.4 * now.new_distress,
        Stage.INSIGHT: -0.6 + 0.8 * now.coverage + 1.3 * now.asks_why + 0.6 * now.trap,
        Stage.ACTION: -0.8
        + 0.3 * now.coverage
        + 3.2 * now.consent
        + 2.2 * now.change
        + 2.0 * now.commits
        - 3.0 * now.rejection,
    }
    odds[present] += STAY
    total = sum(math.exp(value) for value in odds.values())
    return {stage: math.exp(value) / total for stage, value in odds.items()}


def _why(now: Signals, stage: Stage) -> str:
    """The reason in words, for the record and for an endpoint's prompt."""
    if stage is Stage.ACTION:
        if now.consent:
            return "the caller asked for a way forward"
        return "the caller speaks of change" if now.change or now.commits else "working on a step"
    if stage is Stage.INSIGHT:
        return "the caller asks why" if now.asks_why else "problem, trigger and feeling are known"
    names = ("problem", "trigger", "feeling", "impact")
    missing = [name for name in names if not getattr(now, name)]
    return "still unknown: " + ", ".join(missing) if missing else "hearing it out"
