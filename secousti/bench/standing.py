"""What a server holds: memory, slots, tasks and open files; and whether it lets go of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from secousti.bench.served import Reachable

LOOK_S = 0.25


@dataclass(frozen=True)
class Standing:
    """A server at one moment."""

    slots_used: int
    tasks: int
    files: int
    resident_mib: float

    def within(self, before: Standing) -> bool:
        """Whether nothing is held that was not ``before``; memory is another matter."""
        mine = (self.slots_used, self.tasks, self.files)
        theirs = (before.slots_used, before.tasks, before.files)
        return all(now <= then for now, then in zip(mine, theirs, strict=True))


async def standing(server: Reachable) -> Standing:
    """How the server stands. The question itself is one task and one open file of it."""
    now = await server.scrape()
    return Standing(
        slots_used=round(now.value("secousti_slots_used")),
        tasks=round(now.value("secousti_tasks")),
        files=round(now.value("process_open_fds")),
        resident_mib=round(now.value("process_resident_memory_bytes") / 2**20, 1),
    )


async def settled(server: Reachable, before: Standing, limit_s: float) -> tuple[bool, Standing]:
    """Waits until the server holds no more than ``before``; whether it did within ``limit_s``."""
    clock = asyncio.get_running_loop().time
    last = clock() + limit_s
    while not (now := await standing(server)).within(before):
        if clock() > last:
            return False, now
        await asyncio.sleep(LOOK_S)
    return True, now
