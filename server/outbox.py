"""The last hop to the caller: events in order, and no audio that is no longer wanted.

While the caller is away nothing is kept but the turns, which he gets when he is back: his sound is
said again from what he has heard, and a caption is of its moment.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from server.link import Link
from server.playout import Playout
from server.wires.closing import Dropped
from server.wires.native import End, More, Packets, Resumed, TurnInfo
from server.wires.wire import CallEvent

TURNS_KEPT = 16  # what a caller who was away for a minute can have missed, and more


class Outbox:
    """One caller's, over ``link``."""

    def __init__(self, link: Link, playout: Playout) -> None:
        self.room = asyncio.Event()  # the far end takes sound
        self.room.set()
        self._link, self._playout = link, playout
        self._there = True
        # Unbounded, and small all the same: audio in it is paced by the playout's lead.
        self._queue: asyncio.Queue[tuple[CallEvent, int]] = asyncio.Queue()
        self._turns: deque[TurnInfo | More] = deque(maxlen=TURNS_KEPT)
        self._turn_count = 0

    def put(self, event: CallEvent, generation: int = 0) -> None:
        """Sends ``event`` when its turn comes; audio has the generation that it is of."""
        if isinstance(event, TurnInfo | More):
            self._turns.append(event)
            self._turn_count += 1
        if self._there:
            self._queue.put_nowait((event, generation))

    def shut(self) -> None:
        """The caller is away."""
        self._there = False
        while not self._queue.empty():
            self._queue.get_nowait()

    def open(self, link: Link, received: int, turns: int) -> None:
        """The caller is back over ``link``, and has got so many turns."""
        self._link, self._there = link, True
        kept = list(self._turns)
        missed = min(len(kept), max(0, self._turn_count - turns))
        self._queue.put_nowait((Resumed(received=received), 0))
        for turn in kept[len(kept) - missed :]:
            self._queue.put_nowait((turn, 0))

    async def run(self, sent: Callable[[CallEvent, int], None]) -> None:
        """Sends until cancelled, and tells ``sent`` what has gone; raises :class:`CallEnded` when
        the caller hangs up."""
        while True:
            event, generation = await self._queue.get()
            if isinstance(event, Packets):
                await self.room.wait()
            if isinstance(event, Packets | End) and not self._playout.is_live(generation):
                continue  # stale: the caller has cut this reply
            try:
                await self._link.send(event)
            except Dropped:
                continue  # the reader notices it too, and shuts this outbox
            sent(event, generation)
