"""A caller who talks with the agent, in real time, and notes when he heard what.

He hears the greeting, pauses, says a line, hears the answer, and so on; at every so many turns he
does not wait but speaks into the answer. His pauses make his speech the wanted share of the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from secousti.bench.far_ends import Echo, Emptied, FarEnd, Heard, Over, Sounded
from secousti.bench.lines import Line, Repertoire
from secousti.bench.loudspeaker import Loudspeaker
from server.wires.closing import CallEnded, CloseCode, Dropped
from server.wires.events import Message

QUIET_S = 1.2  # after so long a silence the reply is over
REPLY_S = 30.0  # an answer that takes longer to begin will not come
TALKED_OVER_S = 0.3  # an agent that spoke so shortly before the caller's end was not answering it
BARGE_AFTER_S = 1.5  # of an answer
LOOK_S = 0.02
STALL_S = 1.0  # a load that was held up for longer pauses, and does not hurry


class Pipe(Protocol):
    """A connection; both raise :class:`CallEnded` or :class:`Dropped` when it is over."""

    async def send(self, message: Message) -> None: ...
    async def receive(self) -> Message: ...


@dataclass(frozen=True)
class Manner:
    """How a caller talks: ``share`` of the call is his speech; in every ``barge_every``-th turn he
    interrupts (0: never); he begins with line ``first``."""

    share: float = 0.4
    barge_every: int = 2
    first: int = 0


@dataclass(frozen=True)
class BargeIn:
    """Seconds from the caller's first sample, and from the last piece of the agent's sound that
    came, until he heard nothing any more."""

    onset_s: float
    noticed_s: float


@dataclass
class Tally:
    """What one caller has measured, in seconds. ``broken`` is why his call ended before he did."""

    began: float = 0.0
    ended: float = 0.0
    spoken_s: float = 0.0
    answers: list[float] = field(default_factory=list)
    barge_ins: list[BargeIn] = field(default_factory=list)
    talked_over: int = 0
    unanswered: int = 0
    late: list[float] = field(default_factory=list)  # of the caller's own frames
    broken: str | None = None


class Conversation:
    """One call over ``pipe``; :meth:`run` holds it."""

    def __init__(self, pipe: Pipe, end: FarEnd, repertoire: Repertoire, manner: Manner) -> None:
        self._pipe, self._end, self._manner = pipe, end, manner
        self._repertoire, self._frame_s = repertoire, repertoire.frame_ms / 1000
        self._now = asyncio.get_running_loop().time
        self._line: Line | None = None
        self._place = 0  # of the line's next frame
        self._begun = 0.0  # when its first frame was
        self._said: asyncio.Future[float] | None = None
        self._echoes: list[tuple[asyncio.TimerHandle, Message]] = []
        self._sending: set[asyncio.Task[None]] = set()
        self.speaker, self.tally = Loudspeaker(), Tally()
        self.over: Over | None = None

    async def run(self, seconds: float) -> Tally:
        """Talks for ``seconds``, then hangs up."""
        self.tally.began = self._now()
        work = [asyncio.create_task(self._listen()), asyncio.create_task(self._speak())]
        try:
            with suppress(TimeoutError, CallEnded):
                async with asyncio.timeout(seconds):
                    await self._talk()
            if self.over is not None:
                self.tally.broken = f"{self.over.code}: {self.over.why}"
            for message in self._end.closing() if self.over is None else ():
                with suppress(CallEnded, Dropped):
                    await self._pipe.send(message)
        finally:
            self.tally.ended = self._now()
            self._forget_echoes()
            for task in (*work, *self._sending):
                task.cancel()
            await asyncio.gather(*work, *self._sending, return_exceptions=True)
        return self.tally

    # The script.

    async def _talk(self) -> None:
        await self._until(lambda: bool(self.speaker.replies), REPLY_S)
        await self._quiet()
        number, every = self._manner.first, self._manner.barge_every
        for turn in count(1):
            came = await self._turn(number + turn)
            if came is not None and every and turn % every == 0:
                await self._interrupt(number + turn, came)
            await self._quiet()
            await self._pause()

    async def _turn(self, number: int) -> float | None:
        """Says a line; when its answer began to come, None where none did."""
        return await self._answered((await self._say(number))[1])

    async def _interrupt(self, number: int, came: float) -> None:
        """Says a line into the answer that began to come then, and hears the one to that."""
        await self._until(lambda: self._now() > came + BARGE_AFTER_S, REPLY_S)
        cut = self.speaker.replies[-1]
        onset, ended = await self._say(number)
        if cut.until > onset:
            self.tally.barge_ins.append(BargeIn(cut.until - onset, cut.until - cut.last_came))
        await self._answered(ended)

    async def _answered(self, ended: float) -> float | None:
        """When the answer to speech that ended then began; None: it did not, or too early."""
        early = self.speaker.first_after(ended - TALKED_OVER_S)
        if early is not None and early <= ended:
            self.tally.talked_over += 1
            return None
        await self._until(lambda: self.speaker.first_after(ended) is not None, REPLY_S)
        came = self.speaker.first_after(ended)
        if came is None:
            self.tally.unanswered += 1
            return None
        self.tally.answers.append(came - ended)
        return came

    async def _pause(self) -> None:
        """Long enough that speech is no more than its share."""
        since = self._now() - self.tally.began
        await self._until(lambda: False, self.tally.spoken_s / self._manner.share - since)

    async def _quiet(self) -> None:
        await self._until(lambda: self.speaker.silent_for(self._now()) > QUIET_S, 10 * REPLY_S)

    async def _until(self, news: Callable[[], bool], limit_s: float) -> None:
        """Waits until ``news`` is true or ``limit_s`` are over; raises when the call is."""
        last = self._now() + limit_s
        while not news() and self._now() < last:
            if self.over is not None:
                raise CallEnded(CloseCode.NORMAL, self.over.why)
            await asyncio.sleep(LOOK_S)

    # The mouth.

    async def _say(self, number: int) -> tuple[float, float]:
        """Says a line; when the first and the last sample of its speech were spoken."""
        lines = self._repertoire.lines
        line = lines[number % len(lines)]
        self._said = asyncio.get_running_loop().create_future()
        self._line, self._place = line, 0
        ended = await self._said
        self.tally.spoken_s += line.spoken_s
        return self._begun + line.first_s, ended

    async def _speak(self) -> None:
        now = self._now
        with suppress(CallEnded, Dropped):
            for message in self._end.opening():
                await self._pipe.send(message)
            due = now()
            for index in count():
                due = max(due, now() - STALL_S)
                frame = self._frame(index % self._repertoire.period, due)
                due += self._frame_s
                await asyncio.sleep(max(0.0, due - now()))
                self.tally.late.append(now() - due)
                await self._pipe.send(self._end.media(frame))

    def _frame(self, place: int, begins: float) -> bytes:
        """The next frame: of the line that is being said, where it may begin, else of silence."""
        line = self._line
        if line is None or (self._place == 0 and place != 0):
            return self._repertoire.silence[place]
        if self._place == 0:
            self._begun = begins
        frame, left_s = line.frames[self._place], line.last_s - self._place * self._frame_s
        self._place += 1
        if left_s <= self._frame_s and self._said and not self._said.done():
            self._said.set_result(begins + left_s)
        if self._place == len(line.frames):
            self._line = None
        return frame

    # The ear.

    async def _listen(self) -> None:
        with suppress(CallEnded, Dropped):
            while self.over is None:
                message = await self._pipe.receive()
                for event in self._end.heard(message):
                    self._deal_with(event, self._now())
        self.over = self.over or Over(None, "the line broke")
        if self._said is not None and not self._said.done():
            self._said.set_exception(CallEnded(CloseCode.NORMAL, self.over.why))

    def _deal_with(self, event: Heard, at: float) -> None:
        match event:
            case Sounded(seconds):
                self.speaker.take(at, seconds)
            case Emptied():
                self.speaker.empty(at)
                for message in self._forget_echoes():
                    self._send_soon(message)
            case Echo(message):
                when = max(at, self.speaker.busy_until)
                timer = asyncio.get_running_loop().call_at(when, self._send_soon, message)
                self._echoes.append((timer, message))
            case Over():
                self.over = event

    def _send_soon(self, message: Message) -> None:
        task = asyncio.ensure_future(self._send(message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, message: Message) -> None:
        with suppress(CallEnded, Dropped):
            await self._pipe.send(message)

    def _forget_echoes(self) -> list[Message]:
        """Those that were still to come, none of which comes by itself any more."""
        waiting = [echo for echo in self._echoes if echo[0].when() > self._now()]
        for timer, _ in waiting:
            timer.cancel()
        self._echoes.clear()
        return [message for _, message in waiting]
