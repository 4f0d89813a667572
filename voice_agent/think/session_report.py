"""What a call came to, in counts: no words of either side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from voice_agent.contracts import Reply, RiskLevel, RiskState, SessionReport
from voice_agent.think.skills import skills_of


def session_report(
    turns: int,
    replies: Sequence[Reply],
    risk: RiskState,
    *,
    highest: RiskLevel,
    disclosed: bool,
    activities: tuple[dict[str, Any], ...],
) -> SessionReport:
    """Counts of a call so far.

    Args:
        turns: caller turns. highest: the gravest level of the call. disclosed: whether the caller
            was told that this is an AI. activities: what came of each thing done together.
    """
    return SessionReport(
        turns=turns,
        strategies=dict(Counter(reply.strategy.value for reply in replies)),
        stages=tuple(dict.fromkeys(reply.stage for reply in replies)),
        highest_risk=highest,
        mi=dict(Counter(code for reply in replies for code in reply.mi_codes)),
        resources_given=risk.resources_given,
        handoff=risk.handoff,
        disclosed_ai=disclosed,
        activities=activities,
        skills=skills_of(replies),
    )
