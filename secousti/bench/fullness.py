"""A house that is full: who comes then is told so politely, and who is in notices nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import cycle

from secousti.bench.conversing import Conversation, Manner
from secousti.bench.far_ends import Over, Sounded
from secousti.bench.pipes import piped
from secousti.bench.served import Reachable
from secousti.bench.visits import Kind, Kinds, visiting
from server.wires.closing import CallEnded, Dropped

REFUSED_S = 60.0  # to be told so in words
SETTLE_S = 3.0  # those in the house are let in one after the other
FULL_S = 600.0


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


async def fill(server: Reachable, kinds: Kinds) -> Fullness:
    """Takes every slot of ``server``, and calls once more on each wire."""
    slots = (await server.health())["slots"]
    async with AsyncExitStack() as stack:
        holding, in_turn = [], cycle(kinds.values())
        for number, (make, repertoire) in zip(range(slots), in_turn, strict=False):
            end = make()
            pipe = await stack.enter_async_context(piped(server, end))
            call = Conversation(pipe, end, repertoire, Manner(barge_every=0, first=number))
            holding.append(asyncio.create_task(call.run(FULL_S)))
        await asyncio.sleep(SETTLE_S)
        taken = (await server.health())["calls"]
        refusals = {wire: await _refused(server, kind) for wire, kind in kinds.items()}
        harmed = sum(task.done() for task in holding)
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)
    return Fullness(slots, taken, refusals, harmed)


async def _refused(server: Reachable, kind: Kind) -> Refusal:
    words_s, over = 0.0, Over(None, "it was let in")
    async with visiting(server, kind) as visitor:
        try:
            async with asyncio.timeout(REFUSED_S):
                while True:
                    for event in visitor.end.heard(await visitor.pipe.receive()):
                        words_s += event.seconds if isinstance(event, Sounded) else 0.0
                        over = event if isinstance(event, Over) else over
        except CallEnded as ended:
            over = Over(int(ended.code), str(ended), over.retry_after_s)
        except (Dropped, TimeoutError) as gone:
            over = Over(None, str(gone), over.retry_after_s)
    return Refusal(over.code, over.retry_after_s, round(words_s, 2))
