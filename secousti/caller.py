"""A recording as a live caller: real-time sound, silence while listening, one reply per turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from codec import SAMPLE_RATE_HZ, SecoustiError
from secousti.client import Audio, Call, CallEvent, Pcm
from server.wires import native

SPEECH_DB = 40.0  # what is within this of a recording's loudest 10 ms is speech, below is room
BLOCK = SAMPLE_RATE_HZ // 100
REPLY_S = 30.0  # an answer that takes longer will not come


class Microphone:
    """A microphone that hears a recording when told to, and silence otherwise; never faster or
    slower than real time, by absolute deadlines."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._sound = np.zeros(0, np.float32)
        self._said = asyncio.Event()
        self._said.set()
        self._last_speech = 0
        self.last_speech_sent = 0.0  # when the last speech sample of the recording was sent

    async def say(self, wav: Pcm) -> None:
        """Lets the call hear ``wav``, float32 ``[T]``; returns when its last sample was sent."""
        self._sound, self._last_speech = wav, last_speech_sample(wav)
        self._said.clear()
        await self._said.wait()

    def hang_up(self) -> None:
        """Nobody listens any more: what is left to say is left unsaid."""
        self._sound = self._sound[:0]
        self._said.set()

    async def run(self) -> None:
        """Feeds the call until cancelled, a packet's worth of sound at a time."""
        size = self._call.rate.packet_samples
        due = time.monotonic()
        while True:
            frame, self._sound = self._sound[:size], self._sound[size:]
            due += size / SAMPLE_RATE_HZ
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._call.send(np.pad(frame, (0, size - len(frame))))
            if 0 < self._last_speech <= size:
                self.last_speech_sent = time.monotonic()
            self._last_speech -= size
            if not len(self._sound):
                self._said.set()


@dataclass(eq=False)
class Heard:
    """One reply as the caller heard it; ``wav`` is float32 ``[T]`` as the decoder gave it."""

    generation: int
    pieces: list[Pcm] = field(default_factory=list)
    first_sound: float | None = None
    info: native.TurnInfo | None = None
    over: bool = False

    @property
    def wav(self) -> Pcm:
        return np.concatenate(self.pieces) if self.pieces else np.zeros(0, np.float32)


@dataclass(frozen=True)
class Turn:
    """One turn of the caller and its answer; ``voice_to_voice_ms`` from the last speech sample
    sent to the first sound decoded, on the caller's own clock."""

    reply: Heard
    voice_to_voice_ms: float

    @property
    def info(self) -> native.TurnInfo:
        """What the server told about the turn."""
        if self.reply.info is None:
            raise SecoustiError("the server told nothing about this turn: ask it for events")
        return self.reply.info


class Caller:
    """Holds a whole call with recordings; ``show`` sees every event as it happens."""

    def __init__(self, call: Call, show: Callable[[CallEvent], None] = lambda event: None) -> None:
        self._call, self._show = call, show
        self._microphone = Microphone(call)
        self._news = asyncio.Condition()
        self._ended = False
        self._fault: SecoustiError | None = None
        self.replies: dict[int, Heard] = {}

    async def converse(
        self, recordings: Sequence[Pcm], answered: Callable[[Turn], None] = lambda turn: None
    ) -> list[Turn]:
        """Hears the greeting, then says each recording and hears its answer to the end.

        Raises:
            SecoustiError: the call broke, or an answer did not come in time.
        """
        work = [asyncio.create_task(self._follow()), asyncio.create_task(self._microphone.run())]
        try:
            await self._reply(after=0.0)
            turns = []
            for wav in recordings:
                turns.append(await self._turn(wav))
                answered(turns[-1])
            return turns
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _turn(self, wav: Pcm) -> Turn:
        await self._microphone.say(wav)
        ended = self._microphone.last_speech_sent
        reply = await self._reply(after=ended)
        assert reply.first_sound is not None
        return Turn(reply, 1000 * (reply.first_sound - ended))

    async def _reply(self, after: float) -> Heard:
        """Waits for a reply whose first sound came ``after`` that time, until it is heard out."""
        try:
            async with asyncio.timeout(REPLY_S), self._news:
                await self._news.wait_for(lambda: self._answer(after) or self._ended)
        except TimeoutError:
            raise SecoustiError(f"the agent gave no answer within {REPLY_S:.0f} s") from None
        reply = self._answer(after)
        if reply is None:
            raise self._fault or SecoustiError("the agent ended the call before it answered")
        await asyncio.sleep(self._call.lead_ms / 1000)  # what is still queued is heard out
        return reply

    def _answer(self, after: float) -> Heard | None:
        for reply in self.replies.values():
            if reply.over and reply.first_sound is not None and reply.first_sound > after:
                return reply
        return None

    async def _follow(self) -> None:
        try:
            async for event in self._call:
                self._note(event, time.monotonic())
                self._show(event)
                await self._tell()
        except SecoustiError as fault:
            self._fault = fault
        self._ended = True
        self._microphone.hang_up()
        await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _note(self, event: CallEvent, now: float) -> None:
        match event:
            case native.Begin():
                self.replies[event.generation] = Heard(event.generation)
            case Audio():
                reply = self.replies[event.generation]
                reply.pieces.append(event.pcm)
                reply.first_sound = reply.first_sound or now
            case native.TurnInfo() if event.generation in self.replies:
                self.replies[event.generation].info = event
            case native.End():
                self.replies[event.generation].over = True


def last_speech_sample(wav: Pcm) -> int:
    """Where the speech of float32 ``[T]`` ends: after its last block within ``SPEECH_DB``."""
    blocks = wav[: len(wav) - len(wav) % BLOCK].reshape(-1, BLOCK)
    if not len(blocks):
        return len(wav)
    level = np.sqrt(np.mean(np.square(blocks), axis=1))
    loud = np.flatnonzero(level > level.max() * 10 ** (-SPEECH_DB / 20))
    return int(loud[-1] + 1) * BLOCK if len(loud) else len(wav)
