"""Who has the floor: answers turns, yields when the caller speaks, goes on after a mere noise.

A caller who goes on before the answer to what they said was heard is not interrupted twice: the
answer is taken back, and what they said before and after is answered as one turn. A caller who says
nothing for long is asked whether they are there, gently and ever more rarely; one who waits long
for an answer is told that it is being thought about.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from server.dialogue import FALLBACKS, PARTING_ID, Cut, Dialogue, apology
from server.latency import Arrivals, TurnClock
from server.playout import Playout
from server.speaking import Asked, Speaker, Speech
from server.turns import NOTHING, joined
from server.wires.closing import CallEnded, CloseCode
from voice_agent.contracts import Reply, UserTurn
from voice_agent.listen.events import SpeechDismissed, TurnEnded

log = logging.getLogger(__name__)

TONE_EVERY_S = 3.0  # of thinking that takes longer than the words that ask for time
UNHEARD_CHARS = 12  # of an answer: the caller went on over its first word or two


class PersonWanted:
    """The caller asks for a person."""


class Nudged:
    """The caller's side wants to hear something, and has said nothing."""


class Cancelled:
    """What was cut stays unsaid."""


@dataclass(frozen=True)
class Back:
    """The caller was away, and is back. Of ``generation``, the last reply that he saw begin, he
    has heard ``samples``; the last one that was begun for him is ``begun``."""

    generation: int
    samples: int
    begun: int


class Quiet:
    """Nobody has said anything for long."""


@dataclass(frozen=True)
class Closing:
    """The call is to end soon, or ``now``."""

    now: bool


Floor = (
    TurnEnded | SpeechDismissed | Reply | PersonWanted | Nudged | Cancelled | Back | Quiet | Closing
)


class Talker:
    """One caller's agent. ``tell`` reports a turn; ``speaking`` says when the agent is audible."""

    def __init__(
        self,
        dialogue: Dialogue,
        speaker: Speaker,
        playout: Playout,
        arrivals: Arrivals,
        clock: Callable[[], float],
        tell: Callable[[Speech], None],
        speaking: Callable[[bool], None],
        silences_s: Sequence[float] = (),
        hold_s: float = math.inf,
    ) -> None:
        self._dialogue, self._speaker, self._playout = dialogue, speaker, playout
        self._arrivals, self._clock = arrivals, clock
        self._tell, self._speaking = tell, speaking
        self._silences_s, self._hold_s = silences_s, hold_s
        self._floor: asyncio.Queue[Floor] = asyncio.Queue()
        self._rest: Speech | None = None  # what was cut and may yet be said
        self._silences = 0  # in a row that were answered
        self._closing: Closing | None = None  # waits until it interrupts nobody
        self._saying: asyncio.Task[None] | None = None
        self.speech: Speech | None = None  # the one being said, or said last
        self._turns_waiting = 0
        self._begun = False  # the agent has been asked for something
        self.caller_speaks = False
        self.caller_away = False  # nobody is there to hear anything
        self.idle = asyncio.Event()  # nothing to say and nothing to think about

    @property
    def is_speaking(self) -> bool:
        return self._saying is not None

    def offer(self, event: Floor) -> None:
        """What the talker must deal with next: a turn, a false alarm, a wish, a reply to say."""
        self._turns_waiting += isinstance(event, TurnEnded)
        self._floor.put_nowait(event)

    def cut(self) -> int | None:
        """Stops speaking at once; the generation to flush, or None when the agent was silent."""
        if self._saying is None or self.speech is None:
            return None
        self._saying.cancel()
        self._dialogue.hush()
        self.speech.cut(self._playout.heard_samples())
        return self._playout.drop()

    def truncate(self, generation: int, samples: int) -> None:
        """So much of a reply that was cut has been heard after all."""
        speech = self.speech
        if speech is not None and speech.generation == generation and not self.is_speaking:
            speech.truncate(samples)

    def expect(self, turn: UserTurn) -> None:
        """The caller pauses after ``turn``, and may be done: the answer is worked out ahead, and
        its first sound made."""
        if self.idle.is_set() and not _unheard(self._rest):
            self._dialogue.prepare(turn, _cut(self._rest), self._speaker.prepare)

    async def run(self, greets: bool = True) -> None:
        """Greets, then answers; raises :class:`CallEnded` when a reply ends the call."""
        try:
            self._rest = await self._greet() if greets else None
            while True:
                self.idle.set()
                event = await self._next(greets)
                self.idle.clear()
                self._rest = await self._deal_with(event)
                if self._closing is not None and self._rest is None:
                    self._rest = await self._close(self._closing)
        finally:
            self._dialogue.leave()

    async def _next(self, greets: bool) -> Floor:
        """What is to be dealt with next; :class:`Quiet` when nothing comes for long."""
        while greets and self._silences_s:
            patience_s = self._silences_s[min(self._silences, len(self._silences_s) - 1)]
            try:
                async with asyncio.timeout(patience_s):
                    return await self._floor.get()
            except TimeoutError:
                if not self.caller_speaks and not self.caller_away:
                    return Quiet()
        return await self._floor.get()

    async def _deal_with(self, event: Floor) -> Speech | None:
        """Says what there is to say; returns what was left unsaid."""
        rest = self._rest
        match event:
            case SpeechDismissed():
                return await self._say(rest) if rest else None
            case TurnEnded():
                self._silences = 0
                self._turns_waiting -= 1
                return await self._answer(event)
            case Back():
                return await self._go_on(event, rest)
            case Cancelled():
                await self._give_up(rest)
                return None
            case Nudged() if self._begun:
                return await self._answer(NOTHING)
            case Nudged():
                return await self._greet()
            case Quiet():
                self._silences += 1
                await self._give_up(rest)
                return await self._say(Speech(await self._dialogue.silent(self._silences)))
            case Closing():
                return await self._close(event)
            case PersonWanted():
                await self._give_up(rest)
                return await self._say(Speech(await self._dialogue.person()))
            case Reply():
                await self._give_up(rest)
                return await self._say(Speech(event))

    async def _go_on(self, back: Back, rest: Speech | None) -> Speech | None:
        """Says what the caller, who is back, has not heard; from the start of its sentence on."""
        speech = self.speech
        if speech is not None and speech.generation == back.begun and rest in (None, speech):
            speech.truncate(back.samples if back.generation == back.begun else 0)
            rest = speech if speech.said_chars < len(speech.reply.text) else None
        return await self._say(rest) if rest else None

    async def _greet(self) -> Speech | None:
        self._begun = True
        asked = self._clock()
        reply = await self._dialogue.open()
        clock = TurnClock(asked=asked, answered=self._clock())
        return await self._say(Speech(reply, clock=clock))

    async def _answer(self, event: TurnEnded) -> Speech | None:
        """Thinks about a turn and says the answer; returns what was left unsaid."""
        self._begun = True
        clock = TurnClock(event.endpoint_ms, event.recognise_ms, asked=self._clock())
        clock.speech_end = self._arrivals.of(event.turn.t_end)
        rest, told = self._rest, event.turn.text
        asked = Asked(event, _cut(rest))
        if rest and rest.asked and _unheard(rest) and self._dialogue.take_back():
            asked = Asked(joined([rest.asked.turn, event]), rest.asked.cut)
            told = told if rest.told else asked.turn.turn.text
        elif rest:
            self._tell(rest)
        reply = await self._thought(self._dialogue.respond(asked.turn.turn, asked.cut))
        clock.answered = self._clock()
        return await self._say(Speech(reply, told, clock, asked=asked))

    async def _thought(self, answer: Coroutine[Any, Any, Reply]) -> Reply:
        """The answer; while it takes long the caller hears that it is being thought about, and
        then now and again that the line is open."""
        thinking = asyncio.create_task(answer)
        wait_s, meanwhile = self._hold_s, self._dialogue.hold
        try:
            while not (await asyncio.wait([thinking], timeout=wait_s))[0]:
                await self._say(Speech(meanwhile()))
                wait_s = TONE_EVERY_S
                meanwhile = partial(self._dialogue.still, coded=self._speaker.coded)
            return await thinking
        finally:
            thinking.cancel()

    async def _close(self, closing: Closing) -> Speech | None:
        """Says that the call ends, where it may and once nobody is interrupted by it."""
        self._closing = closing
        if self._rest or self.caller_speaks or self.caller_away or self._turns_waiting:
            return self._rest
        self._closing = None
        reply = await self._dialogue.closing(closing.now)
        if reply is None:
            return None
        rest = await self._say(Speech(reply))
        if rest is not None and closing.now:
            self._closing = closing  # the caller had something to say yet
        return rest

    async def _give_up(self, cut: Speech | None) -> None:
        """What was left unsaid stays unsaid; the history is told how much was heard."""
        if cut is not None:
            await self._dialogue.heard(Cut(cut.reply, cut.said_chars))
            self._tell(cut)

    async def _say(self, speech: Speech) -> Speech | None:
        """Says it, unless the caller has spoken on or is away; returns what is not all said."""
        if self.caller_speaks or self.caller_away or self._turns_waiting:
            return speech
        self.speech = speech
        self._saying = saying = asyncio.create_task(self._speaker.say(speech, self._grow))
        self._speaking(True)
        try:
            await asyncio.wait([saying])
        finally:
            saying.cancel()
            self._saying = None
            self._speaking(False)
        if saying.cancelled():
            return speech if speech.said_chars < len(speech.reply.text) else None
        if error := saying.exception():
            return await self._failed(speech, error)
        self._tell(speech)
        if speech.reply.script_id == PARTING_ID:
            raise CallEnded(CloseCode.FAULT, "a part of the agent keeps failing")
        if speech.reply.end_call:
            raise CallEnded(CloseCode.NORMAL, "the agent said goodbye")
        return None

    async def _grow(self, speech: Speech) -> None:
        """Waits for more of a reply that is still being written; the caller's side is told."""
        speech.reply = await self._dialogue.more(speech.reply)
        if speech.told:
            self._tell(speech)

    async def _failed(self, speech: Speech, error: BaseException) -> Speech | None:
        """The voice or the encoder failed: an apology that needs neither, where there is one."""
        log.error("a reply could not be spoken", exc_info=error)
        self._tell(speech)
        if speech.reply.script_id in FALLBACKS:
            raise CallEnded(CloseCode.FAULT, "the agent has lost its voice")
        speech.cut(self._playout.heard_samples())
        await self._dialogue.heard(Cut(speech.reply, speech.said_chars))
        return await self._say(Speech(apology(speech.reply)))


def _unheard(speech: Speech | None) -> bool:
    """Whether this is an answer of which nothing was heard: the caller had not ended the turn."""
    return speech is not None and speech.asked is not None and speech.said_chars <= UNHEARD_CHARS


def _cut(speech: Speech | None) -> Cut | None:
    return None if speech is None else Cut(speech.reply, speech.said_chars)
