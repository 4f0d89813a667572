"""A reply on its way out: text to speech to frames, paced, and cut the moment it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TypeVar

from codec.rates import SAMPLE_RATE_HZ
from server.ahead import Ahead, Making, Spare
from server.dialogue import Cut
from server.latency import TurnClock
from server.line import Line
from server.parts import Pcm, Voice
from server.playout import Playout
from server.scripts import ScriptShelf, silence
from server.wires.native import Begin, End, Packets, ServerEvent
from voice_agent.contracts import Reply
from voice_agent.listen.events import TurnEnded

PREFETCH = 2  # voice chunks made ahead: hides a slow one, little to throw away on barge-in
PACE = {"slow": 1.12}  # length of sounds by a reply's prosody; the voice's own pace is the rest
FIRST_SAMPLES = 1_280  # of a sentence, sent before more is made: the codec's delay is in it
CHARS_PER_S = 15  # of unhurried English speech, where a sentence's true length is not known yet

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Asked:
    """The turn that a reply answers, and the reply that this turn had cut."""

    turn: TurnEnded
    cut: Cut | None


@dataclass(eq=False)
class Speech:
    """One reply being said, from sentence ``first`` on, and what it answers.

    ``marks`` are (characters of the reply, samples of the generation) at the sentences' ends;
    ``said_chars`` is how much was heard when it was cut; ``told``: what the caller's side knows of
    the reply, which may be ``unfinished`` and grow.
    """

    reply: Reply
    heard: str = ""
    clock: TurnClock = field(default_factory=TurnClock)
    first: int = 0
    generation: int = 0
    marks: list[tuple[int, int]] = field(default_factory=list)
    said_chars: int = 0
    told: Reply | None = None
    whole: tuple[int, list[tuple[int, int]]] | None = None  # first and marks before the cut
    asked: Asked | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        return self.reply.sentences[self.first :]

    def mark(self, sentence_count: int, samples: int) -> None:
        """``samples`` of the generation bring the speech to the end of that many sentences."""
        spoken = self.reply.sentences[: self.first + sentence_count]
        self.marks.append((chars_of(self.reply.text, spoken), samples))

    def heard_chars(self, samples: int) -> int:
        """How many characters of the reply ``samples`` of this generation have spoken."""
        start = chars_of(self.reply.text, self.reply.sentences[: self.first])
        points = [(start, 0), *self.marks]
        for (c0, s0), (c1, s1) in pairwise(points):
            if samples < s1:
                return c0 + (c1 - c0) * (samples - s0) // (s1 - s0)
        # Inside a sentence whose length is not known yet, so that its end cannot have been heard.
        chars, reached = points[-1]
        current = self.reply.sentences[: self.first + len(self.marks) + 1]
        spoken = chars + (samples - reached) * CHARS_PER_S // SAMPLE_RATE_HZ
        return max(chars, min(spoken, chars_of(self.reply.text, current) - 1))

    def cut(self, samples: int) -> None:
        """``samples`` of the generation were heard; what is left begins with the cut sentence."""
        self.whole = self.first, self.marks
        self.said_chars = self.heard_chars(samples)
        done = sum(1 for _, end in self.marks if end <= samples)
        self.first = min(self.first + done, len(self.reply.sentences) - 1)
        self.marks = []

    def truncate(self, samples: int) -> None:
        """Corrects what was heard of it, whether it was cut or said to its end."""
        if self.whole is not None:
            self.first, self.marks = self.whole
        self.cut(samples)


Grow = Callable[[Speech], Awaitable[None]]


def chars_of(text: str, sentences: tuple[str, ...]) -> int:
    """Where in ``text`` the last of these leading sentences ends."""
    end = 0
    for sentence in sentences:
        at = text.find(sentence, end)
        end = min(len(text), (end if at < 0 else at) + len(sentence))
    return end


class Speaker:
    """Says replies of one caller, one at a time, over its line.

    ``send`` takes events for the wire at once; audio in it carries the generation it is of. A voice
    whose next sound takes longer than ``patience_s`` has failed.
    """

    def __init__(
        self,
        line: Line,
        voice: Voice,
        shelf: ScriptShelf,
        playout: Playout,
        send: Callable[[ServerEvent, int], None],
        pool: Executor,
        gap_ms: int,
        patience_s: float,
        spare: Spare,
    ) -> None:
        self._line, self._voice, self._shelf = line, voice, shelf
        self._playout, self._send, self._pool = playout, send, pool
        self._gap_ms, self._patience_s = gap_ms, patience_s
        self._ahead = Ahead(pool, spare)
        frames = -(-FIRST_SAMPLES // line.frame_samples)
        self._first_samples = frames * line.frame_samples

    @property
    def coded(self) -> bool:
        """Whether what is said goes through the codec."""
        return self._line.rate is not None

    def prepare(self, reply: Reply) -> None:
        """Has the first sound made of a reply that may be said next, where the voice makes it."""
        if self._line.prepared(reply.text) is None and not self._shelf.has(reply.text):
            first, pace = reply.sentences[0], _pace(reply)
            self._ahead.begin(first, pace, partial(self._voice.speak, first, pace))

    async def say(self, speech: Speech, grow: Grow) -> None:
        """Says ``speech`` to its end, as heard; cancel it to stop (the caller sends the flush).

        ``grow`` waits for more of an unfinished one. Raises whatever the voice or the encoder
        raises.
        """
        generation = speech.generation = self._playout.begin()
        speech.whole = None
        self._send(Begin(generation=generation, rate=self._line.rate), generation)
        samples, step = 0, self._line.frame_samples
        async with aclosing(self._frames(speech, grow)) as frames:
            async for frame in frames:
                await asyncio.sleep(self._playout.wait_s(step))
                self._send(Packets((frame,)), generation)
                self._playout.sent(step)
                samples += step
        self._send(End(generation=generation, samples=samples), generation)
        await asyncio.sleep(self._playout.remaining_s())

    async def _frames(self, speech: Speech, grow: Grow) -> AsyncGenerator[bytes]:
        """The pre-rendered frames of the text, else what voice and line make."""
        while self._line.muted and speech.reply.unfinished:
            await grow(speech)  # text alone is told as a whole
        unfinished = speech.reply.unfinished
        ready = None if unfinished else self._line.prepared(speech.reply.text)
        if ready is not None:
            speech.mark(len(speech.sentences), len(ready) * self._line.frame_samples)
            for frame in ready:
                yield frame
            return
        async with (
            aclosing(self._sound(speech, grow)) as sound,
            aclosing(self._line.frames(sound)) as frames,
        ):
            async for frame in frames:
                yield frame

    async def _sound(self, speech: Speech, grow: Grow) -> AsyncGenerator[Pcm]:
        """The voice's chunks with a breath after each sentence; notes where the sentences end."""
        samples, gap = 0, silence(round(self._gap_ms * speech.reply.pause))
        async with aclosing(self._sources(speech, grow)) as sources:
            async for sentences, sound in sources:
                async with aclosing(
                    prefetched(sound, self._patience_s, self._first_samples)
                ) as chunks:
                    async for chunk in chunks:
                        samples += len(chunk)
                        yield chunk
                speech.mark(sentences, samples)
                samples += len(gap)
                yield gap

    async def _sources(self, speech: Speech, grow: Grow) -> AsyncGenerator[tuple[int, Making]]:
        """What makes the sound, with the sentences done after it: a sound file, else the voice."""
        unfinished = speech.reply.unfinished
        recorded = None if unfinished else self._shelf.sound(speech.reply.text)
        if recorded is not None:
            yield len(speech.sentences), Making(lambda: [recorded], self._pool)
            return
        pace, done = _pace(speech.reply), 0
        begun = self._ahead.take(speech.sentences[0], pace)
        while True:
            for sentence in speech.sentences[done:]:
                make = partial(self._voice.speak, sentence, pace)
                done += 1
                yield done, begun or Making(make, self._pool)
                begun = None
            if not speech.reply.unfinished:
                return
            await grow(speech)


def _pace(reply: Reply) -> float:
    return PACE.get(reply.prosody, 1.0) * reply.pace


async def prefetched(
    sound: Making, patience_s: float, first_samples: int = 0
) -> AsyncGenerator[Pcm]:
    """The chunks of ``sound``, made a little ahead of their use; raises
    :class:`TimeoutError` when one does not come within ``patience_s``.

    The ``first_samples`` are a chunk of their own, and nothing more is made before they are taken:
    they are to reach the caller before the rest takes the processor.
    """
    async with asyncio.timeout(patience_s):
        first = await sound.next()
    if first is None:
        return
    if first_samples:
        yield first[:first_samples]
    queue: asyncio.Queue[Pcm | Exception | None] = asyncio.Queue(PREFETCH)
    maker = asyncio.create_task(_fill(queue, sound))
    try:
        yield first[first_samples:]
        while (item := await _within(patience_s, queue)) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        maker.cancel()


async def _within(patience_s: float, queue: asyncio.Queue[_Item]) -> _Item:
    """The next item. Not ``wait_for``: up to Python 3.11 it swallows a cancellation that comes
    together with the item (CPython issue 86296)."""
    async with asyncio.timeout(patience_s):
        return await queue.get()


async def _fill(queue: asyncio.Queue[Pcm | Exception | None], sound: Making) -> None:
    try:
        while (chunk := await sound.next()) is not None:
            await queue.put(chunk)
        await queue.put(None)
    except Exception as error:
        await queue.put(error)
