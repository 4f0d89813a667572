"""Which kinds of activity there are, in the order in which they are offered."""

from __future__ import annotations

from voice_agent.think.activity import Kind


def kinds_of_activity() -> tuple[Kind, ...]:
    """Every kind; those that serve a narrow need come before those that serve many."""
    return ()
