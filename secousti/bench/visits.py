"""Short calls: a caller who says nothing, hears the beginning of the greeting, and goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from secousti.bench.conversing import Pipe
from secousti.bench.far_ends import FarEnd, Over, Sounded
from secousti.bench.lines import Repertoire
from secousti.bench.pipes import Line, piped
from secousti.bench.served import Reachable
from server.wires.closing import CallEnded, Dropped

GREETED_S = 120.0  # on a machine that has much else to do

Kind = tuple[Callable[[], FarEnd], Repertoire]
Kinds = Mapping[str, Kind]  # of callers, by their wire


@dataclass(frozen=True)
class Visitor:
    """A caller on the line, whose silence is being sent until ``speaking`` is cancelled."""

    pipe: Line
    end: FarEnd
    speaking: asyncio.Task[None]

    async def greeted(self) -> bool:
        """Waits for the first sound; False when the call ends before, or none comes."""
        with suppress(CallEnded, Dropped, TimeoutError):
            async with asyncio.timeout(GREETED_S):
                while True:
                    for event in self.end.heard(await self.pipe.receive()):
                        if isinstance(event, Sounded):
                            return True
                        if isinstance(event, Over):
                            return False
        return False

    async def ended(self, limit_s: float) -> Over | None:
        """How the server ends the call; None: it does not within ``limit_s``."""
        last: Over | None = None
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    for event in self.end.heard(await self.pipe.receive()):
                        last = event if isinstance(event, Over) else last
        except CallEnded as end:
            return Over(int(end.code), str(end))
        except Dropped:
            return last or Over(None, "closed")
        except TimeoutError:
            return last

    async def hang_up(self) -> None:
        """Says goodbye as its wire does."""
        self.speaking.cancel()
        with suppress(CallEnded, Dropped):
            for message in self.end.closing():
                await self.pipe.send(message)


@asynccontextmanager
async def visiting(server: Reachable, kind: Kind) -> AsyncIterator[Visitor]:
    """A call that has been opened, in real time."""
    make, repertoire = kind
    end = make()
    async with piped(server, end) as pipe:
        speaking = asyncio.create_task(say_nothing(pipe, end, repertoire))
        try:
            yield Visitor(pipe, end, speaking)
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)


async def say_nothing(pipe: Pipe, end: FarEnd, repertoire: Repertoire) -> None:
    """Opens a call and sends silence."""
    with suppress(CallEnded, Dropped):
        for message in end.opening():
            await pipe.send(message)
        while True:
            for frame in repertoire.silence:
                await pipe.send(end.media(frame))
                await asyncio.sleep(repertoire.frame_ms / 1000)


async def short_call(server: Reachable, kind: Kind) -> bool:
    """One call from its opening to its end; whether it was greeted."""
    async with visiting(server, kind) as visitor:
        greeted = await visitor.greeted()
        await visitor.hang_up()
        if greeted:
            await visitor.ended(GREETED_S)
        return greeted
