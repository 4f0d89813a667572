"""A call that is measured from the caller's side: what is said into it, and what came back when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import numpy as np

from codec import Codec
from codec.rates import SAMPLE_RATE_HZ
from secousti.caller import Microphone
from secousti.client import Audio, Call, CallEvent, Pcm, connect
from server.parts import Voice
from server.wires import native

E = TypeVar("E")

PATIENCE_S = 90.0  # for one reply, on a machine that is busy with other things


class MeasuredCall:
    """One open call. ``events`` holds what came, with the time on the caller's clock."""

    def __init__(self, call: Call, voice: Voice) -> None:
        self._call, self._voice = call, voice
        self.microphone = Microphone(call)
        self.events: list[tuple[float, CallEvent]] = []
        self._news = asyncio.Condition()

    def wav(self, text: str) -> Pcm:
        """``text`` as the caller says it, float32 ``[T]``, with a breath of silence around it."""
        quiet = np.zeros(SAMPLE_RATE_HZ // 5, np.float32)
        return np.concatenate([quiet, *self._voice.speak(text), quiet])

    async def say(self, text: str) -> float:
        """Says it; when its last sample was spoken."""
        await self.microphone.say(self.wav(text))
        return self.microphone.speech_ended

    def came(self, kind: type[E], since: float = 0.0) -> list[tuple[float, E]]:
        """Events of one kind since a time."""
        return [(at, e) for at, e in self.events if isinstance(e, kind) and at >= since]

    def heard(self, generation: int) -> Pcm:
        """The sound of one reply, float32 ``[T]``, as far as it came."""
        pieces = [e.pcm for _, e in self.came(Audio) if e.generation == generation]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    async def until(self, done: Callable[[], bool]) -> bool:
        """Waits until ``done``; False where it never came."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._news:
                await self._news.wait_for(done)
        except TimeoutError:
            return False
        return True

    async def answer(self, since: float) -> native.TurnInfo | None:
        """The next turn's report after ``since``, once its reply was spoken to the end."""

        def told() -> list[native.TurnInfo]:
            return [e for _, e in self.came(native.TurnInfo, since) if e.heard]

        def over() -> bool:
            ends = {e.generation for _, e in self.came(native.End, since)}
            return any(info.generation in ends for info in told())

        await self.until(over)
        return told()[-1] if told() else None

    async def follow(self) -> None:
        """Takes note of what comes until the call is over."""
        async for event in self._call:
            async with self._news:
                self.events.append((time.monotonic(), event))
                self._news.notify_all()


@asynccontextmanager
async def measured(url: str, codec: Codec, voice: Voice) -> AsyncIterator[MeasuredCall]:
    """An open call whose greeting was heard out.

    Raises:
        SecoustiError: no call comes about.
    """
    async with connect(url, codec) as call:
        line = MeasuredCall(call, voice)
        tasks = [asyncio.create_task(line.follow()), asyncio.create_task(line.microphone.run())]
        try:
            await line.until(lambda: bool(line.came(native.End)))
            yield line
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
