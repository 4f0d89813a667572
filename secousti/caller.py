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
REPLY_S = 30.0  # an answer that takes longer to begin will not come
SPEECH_S = 120.0  # no reply is spoken longer; one that was cut and not taken up again is given up
STALL_S = 1.0  # a machine that stalls for longer makes the caller pause, not hurry
AUDIBLE = 0.003  # -50 dB of full scale: below it a reply has not begun for a listener


class Microphone:
    """A microphone that hears a recording when told to, and silence otherwise; never faster or
    slower than real time, by absolute deadlines."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._sound = np.zeros(0, np.float32)
        self._said = asyncio.Event()
        self._said.set()
        self._speech_left = 0
        self._unsaid = False
        self.speech_ended = 0.0  # when the last sample of speech was spoken

    async def say(self, wav: Pcm) -> bool:
        """Lets the call hear ``wav``, float32 ``[T]``; returns when its last sample was sent, or
        with False when the call ended before all its speech was."""
        self._sound, self._speech_left = wav, last_speech_sample(wav)
        self._said.clear()
        await self._said.wait()
        return not self._unsaid

    def hang_up(self) -> None:
        """Nobody listens any more: what is left to say is left unsaid."""
        self._unsaid = self._speech_left > 0
        self._sound = self._sound[:0]
        self._said.set()

    async def run(self) -> None:
        """Feeds the call until cancelled, a packet's worth of sound at a time."""
        size = self._call.rate.packet_samples
        due = time.monotonic()
        while True:
            frame, self._sound = self._sound[:size], self._sound[size:]
            due = max(due, time.monotonic() - STALL_S) + size / SAMPLE_RATE_HZ
            if 0 < self._speech_left <= size:
                self.speech_ended = due - (size - self._speech_left) / SAMPLE_RATE_HZ
            self._speech_left -= size
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._call.send(np.pad(frame, (0, size - len(frame))))
            if not len(self._sound):
                self._said.set()


@dataclass(eq=False)
class Heard:
    """One reply as the caller heard it; ``wav`` is float32 ``[T]`` as the decoder gave it.

    ``first_sound`` is when its first audible sample left a loudspeaker that has no buffer.
    """

    generation: int
    pieces: list[Pcm] = field(default_factory=list)
    began: float | None = None
    first_sound: float | None = None
    info: native.TurnInfo | None = None
    over: bool = False

    @property
    def wav(self) -> Pcm:
        return np.concatenate(self.pieces) if self.pieces else np.zeros(0, np.float32)

    def take(self, pcm: Pcm, now: float) -> None:
        """The next piece, float32 ``[T]``, which came at ``now``."""
        self.pieces.append(pcm)
        self.began = self.began or now
        audible = np.flatnonzero(np.abs(pcm) > AUDIBLE)
        if self.first_sound is None and len(audible):
            self.first_sound = now + int(audible[0]) / SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Turn:
    """One turn of the caller and its answer; ``reply`` is None when none came.

    ``heard`` has all words of the turn, also when the agent took a pause for its end.
    ``voice_to_voice_ms`` runs from the last speech sample sent to the first audible sample of the
    reply, on the caller's own clock.
    """

    heard: str
    reply: Heard | None = None
    voice_to_voice_ms: float | None = None

    @property
    def info(self) -> native.TurnInfo | None:
        """What the server told about the turn, if it answered."""
        return self.reply.info if self.reply else None


class Caller:
    """Holds a whole call with recordings; ``show`` sees every event as it happens."""

    def __init__(self, call: Call, show: Callable[[CallEvent], None] = lambda event: None) -> None:
        self._call, self._show = call, show
        self._microphone = Microphone(call)
        self._news = asyncio.Condition()
        self._ended = False
        self._fault: SecoustiError | None = None
        self._words: list[str] = []
        self.replies: dict[int, Heard] = {}

    async def converse(
        self,
        recordings: Sequence[Pcm],
        saying: Callable[[int], None] = lambda index: None,
        answered: Callable[[Turn], None] = lambda turn: None,
    ) -> list[Turn]:
        """Hears the greeting, then says each recording and hears its answer to the end.

        ``saying`` is told which recording is next. An agent that ends the call after an answer
        leaves the rest unsaid.

        Raises:
            SecoustiError: the call broke, or there was no greeting.
        """
        work = [asyncio.create_task(self._follow()), asyncio.create_task(self._microphone.run())]
        try:
            if await self._reply(after=0.0) is None:
                raise SecoustiError(f"the agent did not greet within {REPLY_S:.0f} s: call again")
            turns: list[Turn] = []
            for index, wav in enumerate(recordings):
                if self._ended and self._fault is None:
                    break
                saying(index)
                turn = await self._turn(wav)
                if turn is None:
                    break
                turns.append(turn)
                answered(turn)
            return turns
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _turn(self, wav: Pcm) -> Turn | None:
        """One recording and its answer; None when the agent's goodbye came first."""
        self._words.clear()
        said = await self._microphone.say(wav)
        if self._fault is not None:
            raise self._fault
        if not said:
            return None
        ended = self._microphone.speech_ended
        reply = await self._reply(after=ended)
        heard = " ".join(self._words)
        if reply is None or reply.first_sound is None:
            return Turn(heard, reply)
        return Turn(heard, reply, 1000 * (reply.first_sound - ended))

    async def _reply(self, after: float) -> Heard | None:
        """The newest reply, begun ``after`` that time, once it was heard out; None without one."""
        if not await self._came(REPLY_S, lambda: self._begun(after) is not None):
            return None
        await self._came(SPEECH_S, lambda: (reply := self._begun(after)) is not None and reply.over)
        reply = self._begun(after)
        if reply is None or not (reply.over or self._fault is None):
            raise self._fault or SecoustiError("the agent ended the call before it answered")
        await asyncio.sleep(self._call.lead_ms / 1000)  # what is still queued is heard out
        return reply

    async def _came(self, limit_s: float, news: Callable[[], bool]) -> bool:
        """Waits until ``news`` is true or the call has ended; False when neither came in time."""
        try:
            async with asyncio.timeout(limit_s), self._news:
                await self._news.wait_for(lambda: news() or self._ended)
        except TimeoutError:
            return False
        return True

    def _begun(self, after: float) -> Heard | None:
        """The newest reply, if it began after that time."""
        newest = self.replies.get(max(self.replies, default=0))
        return newest if newest and newest.began is not None and newest.began > after else None

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
                self.replies[event.generation].take(event.pcm, now)
            case native.TurnInfo():
                self._words += [event.heard] if event.heard else []
                if event.generation in self.replies:
                    self.replies[event.generation].info = event
            case native.More(generation=generation, said=said):
                if info := self.replies[generation].info:
                    whole = {"said": f"{info.said} {said}"}
                    self.replies[generation].info = info.model_copy(update=whole)
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
