"""Therapeutic skills of a call, in numbers: what the seven-cups study found to help or to harm.

Reflecting at least as often as asking, hardly ever persuading unasked, and handing the decision
back while steps are talked about (research notes 3.6). All from the codes that replies carry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from voice_agent.contracts import Mode, Reply, Stage

PUSHES = frozenset({"persuade", "confront"})
AUTONOMY = frozenset({"emphasise_autonomy", "seek_collaboration"})


def pushed(reply: Reply) -> bool:
    """Whether a reply advises or confronts without having been let."""
    return bool(PUSHES & set(reply.mi_codes))


def count(replies: Iterable[Reply], codes: frozenset[str]) -> int:
    """How often these codes stand in the replies."""
    return sum(code in codes for reply in replies for code in reply.mi_codes)


def action_runs(replies: Sequence[Reply]) -> list[tuple[Reply, ...]]:
    """The stretches of a call that are spent in the action stage, in support mode."""
    support = [reply for reply in replies if reply.mode is Mode.SUPPORT]
    runs = groupby(support, key=lambda reply: reply.stage is Stage.ACTION)
    return [tuple(run) for acting, run in runs if acting]


def hands_back(run: Iterable[Reply]) -> bool:
    """Whether the decision is left to the caller, in so many words, somewhere in a stretch."""
    return any(AUTONOMY & set(reply.mi_codes) for reply in run)
