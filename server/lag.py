"""How late the event loop is: what every caller waits for when something blocks it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

EVERY_S = 0.1  # often enough to catch a block of a few frames, far too seldom to be one


async def watch_lag(
    late: Callable[[float], None], clock: Callable[[], float], every_s: float = EVERY_S
) -> None:
    """Tells ``late`` after each sleep by how many seconds the loop overslept it; until cancelled.

    The deadlines are absolute, so a block that is longer than one sleep counts once, at its length.
    """
    due = clock()
    while True:
        due = max(due + every_s, clock())
        await asyncio.sleep(due - clock())
        late(max(0.0, clock() - due))
