"""A house that is full: who comes then is told so politely, and who is in notices nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from secousti.bench.conversing import Conversation, Manner, Pipe
from secousti.bench.far_ends import FarEnd, Over, Sounded
from secousti.bench.lines import Repertoire
from secousti.bench.pipes import piped
from secousti.bench.served import Served
from server.wires.closing import CallEnded, Dropped

REFUSED_S = 60.0  # to be told so in words
SETTLE_S = 3.0  # those in the house are let in one after the other
FULL_S = 600.0

Ends = Mapping[str, tuple[Callable[[], FarEnd], Repertoire]]


@dataclass(frozen=True)
class Refusal:
    """How one caller too many was turned away: the close code, whether he was told when to come
    back, and seconds of words that he heard."""

    code: int | None
    retry_after_s: int | None
    words_s: float

    @property
    def polite(self) -> bool:
        """Whether a program could read it, or a person hear it."""
        return self.retry_after_s is not None or self.words_s > 1.0


@dataclass(frozen=True)
class Fullness:
    """``taken`` calls were let in; each wire's refusal of one more; ``harmed`` of them ended."""

    slots: int
    taken: int
    refusals: Mapping[str, Refusal]
    harmed: int


async def fill(server: Served, ends: Ends) -> Fullness:
    """Takes every slot of ``server``, and calls once more on each wire."""
    slots = (await server.health())["slots"]
    async with AsyncExitStack() as stack:
        kinds, holding = list(ends.values()), []
        for number in range(slots):
            make, repertoire = kinds[number % len(kinds)]
            end = make()
            pipe = await stack.enter_async_context(piped(server, end))
            call = Conversation(pipe, end, repertoire, Manner(barge_every=0, first=number))
            holding.append(asyncio.create_task(call.run(FULL_S)))
        await asyncio.sleep(SETTLE_S)
        taken = (await server.health())["calls"]
        refusals = {
            wire: await _refused(server, make(), repertoire)
            for wire, (make, repertoire) in ends.items()
        }
        harmed = sum(task.done() for task in holding)
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)
    return Fullness(slots, taken, refusals, harmed)


async def _refused(server: Served, end: FarEnd, repertoire: Repertoire) -> Refusal:
    words_s, over = 0.0, Over(None, "it was let in")
    async with piped(server, end) as pipe:
        speaking = asyncio.create_task(_say_nothing(pipe, end, repertoire))
        try:
            async with asyncio.timeout(REFUSED_S):
                while True:
                    for event in end.heard(await pipe.receive()):
                        words_s += event.seconds if isinstance(event, Sounded) else 0.0
                        over = event if isinstance(event, Over) else over
        except CallEnded as ended:
            over = Over(int(ended.code), str(ended), over.retry_after_s)
        except (Dropped, TimeoutError) as gone:
            over = Over(None, str(gone), over.retry_after_s)
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
    return Refusal(over.code, over.retry_after_s, round(words_s, 2))


async def _say_nothing(pipe: Pipe, end: FarEnd, repertoire: Repertoire) -> None:
    """A caller who waits for the greeting."""
    with suppress(CallEnded, Dropped):
        for message in end.opening():
            await pipe.send(message)
        while True:
            for frame in repertoire.silence:
                await pipe.send(end.media(frame))
                await asyncio.sleep(repertoire.frame_ms / 1000)
