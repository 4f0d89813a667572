"""A recording as a caller, against a call whose every event comes when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np

from codec.rates import RATES
from secousti.caller import Caller, Turn
from secousti.client import Audio, CallEvent, Pcm
from server.wires import native

TURN = np.full(8_000, 0.3, np.float32)


class ScriptedCall:
    """Greets, answers the first turn once it heard 0.5 s, and hangs up ``parting_s`` later."""

    rate = RATES["low"]
    lead_ms = 40.0

    def __init__(self, parting_s: float) -> None:
        self.parting_s, self.heard = parting_s, 0
        self.turn_heard = asyncio.Event()

    async def send(self, pcm: Pcm) -> None:
        self.heard += int(np.count_nonzero(pcm))
        if self.heard >= len(TURN):
            self.turn_heard.set()

    async def __aiter__(self) -> AsyncIterator[CallEvent]:
        for event in self._reply(1):
            yield event
        await self.turn_heard.wait()
        for event in self._reply(2):
            yield event
        await asyncio.sleep(self.parting_s)

    def _reply(self, generation: int) -> list[CallEvent]:
        return [
            native.Begin(generation=generation),
            Audio(generation, np.full(1_600, 0.1, np.float32)),
            native.End(generation=generation, samples=1_600),
        ]


async def held(parting_s: float) -> tuple[list[Turn], ScriptedCall]:
    call = ScriptedCall(parting_s)
    turns = await Caller(call).converse([TURN, TURN])  # type: ignore[arg-type]
    return turns, call


def test_a_goodbye_before_the_next_turn_leaves_it_unsaid() -> None:
    turns, call = asyncio.run(held(parting_s=0.0))
    assert len(turns) == 1
    assert call.heard == len(TURN)


def test_a_goodbye_that_comes_while_the_next_turn_is_said_leaves_no_answer_to_it() -> None:
    turns, call = asyncio.run(held(parting_s=0.6))
    assert len(turns) == 1
    assert len(TURN) < call.heard < 2 * len(TURN)
