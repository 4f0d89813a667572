"""Therapeutic skills of a call, in counts: what the seven-cups study found to help or to harm.

Reflecting at least as often as asking, hardly ever persuading unasked, and handing the decision
back while steps are talked about (research notes 3.6). All from the codes that replies carry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from voice_agent.contracts import Mode, Reply, Skills, Stage
from voice_agent.think.mi import AUTONOMY, QUESTIONS, REFLECTIONS

PUSHES = frozenset({"persuade", "confront"})


def skills_of(replies: Sequence[Reply]) -> Skills:
    """The counts of a call so far."""
    runs = action_runs(replies)
    return Skills(
        replies=len(replies),
        pushes=sum(bool(PUSHES & set(reply.mi_codes)) for reply in replies),
        reflections=_count(replies, REFLECTIONS),
        questions=_count(replies, QUESTIONS),
        action_runs=len(runs),
        handed_back=sum(any(AUTONOMY & set(reply.mi_codes) for reply in run) for run in runs),
    )


def action_runs(replies: Sequence[Reply]) -> list[tuple[Reply, ...]]:
    """The stretches of a call that are spent in the action stage, in support mode."""
    support = [reply for reply in replies if reply.mode is Mode.SUPPORT]
    runs = groupby(support, key=lambda reply: reply.stage is Stage.ACTION)
    return [tuple(run) for acting, run in runs if acting]


def _count(replies: Iterable[Reply], codes: frozenset[str]) -> int:
    return sum(code in codes for reply in replies for code in reply.mi_codes)
