"""Who has the floor: answers turns, yields when the caller speaks, goes on after a mere noise."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from server.dialogue import FALLBACKS, PARTING_ID, Dialogue, apology
from server.latency import Arrivals, TurnClock
from server.playout import Playout
from server.speaking import Speaker, Speech
from server.turns import NOTHING
from server.wires.closing import CallEnded, CloseCode
from voice_agent.contracts import Reply
from voice_agent.listen.events import SpeechDismissed, TurnEnded

log = logging.getLogger(__name__)


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


Floor = TurnEnded | SpeechDismissed | Reply | PersonWanted | Nudged | Cancelled | Back


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
    ) -> None:
        self._dialogue, self._speaker, self._playout = dialogue, speaker, playout
        self._arrivals, self._clock = arrivals, clock
        self._tell, self._speaking = tell, speaking
        self._floor: asyncio.Queue[Floor] = asyncio.Queue()
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
        self.speech.cut(self._playout.heard_samples())
        return self._playout.drop()

    def truncate(self, generation: int, samples: int) -> None:
        """So much of a reply that was cut has been heard after all."""
        speech = self.speech
        if speech is not None and speech.generation == generation and not self.is_speaking:
            speech.truncate(samples)

    async def run(self, greets: bool = True) -> None:
        """Greets, then answers; raises :class:`CallEnded` when a reply ends the call."""
        rest = await self._greet() if greets else None
        while True:
            self.idle.set()
            event = await self._floor.get()
            self.idle.clear()
            match event:
                case SpeechDismissed():
                    rest = await self._say(rest) if rest else None
                case TurnEnded():
                    self._turns_waiting -= 1
                    rest = await self._answer(event, rest)
                case Back():
                    rest = await self._go_on(event, rest)
                case Cancelled():
                    await self._give_up(rest)
                    rest = None
                case Nudged():
                    await self._give_up(rest)
                    rest = await (self._answer(NOTHING, None) if self._begun else self._greet())
                case PersonWanted():
                    await self._give_up(rest)
                    rest = await self._say(Speech(await self._dialogue.person()))
                case Reply():
                    await self._give_up(rest)
                    rest = await self._say(Speech(event))

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

    async def _answer(self, event: TurnEnded, cut: Speech | None) -> Speech | None:
        """Thinks about a turn and says the answer; returns what was left unsaid."""
        self._begun = True
        await self._give_up(cut)
        clock = TurnClock(event.endpoint_ms, event.recognise_ms, asked=self._clock())
        clock.speech_end = self._arrivals.of(event.turn.t_end)
        reply = await self._dialogue.respond(event.turn)
        clock.answered = self._clock()
        return await self._say(Speech(reply, event.turn.text, clock))

    async def _give_up(self, cut: Speech | None) -> None:
        """What was left unsaid stays unsaid; the history is told how much was heard."""
        if cut is not None:
            await self._dialogue.heard(cut.reply, cut.said_chars)
            self._tell(cut)

    async def _say(self, speech: Speech) -> Speech | None:
        """Says it, unless the caller has spoken on or is away; returns what is not all said."""
        if self.caller_speaks or self.caller_away or self._turns_waiting:
            return speech
        self.speech = speech
        self._saying = saying = asyncio.create_task(self._speaker.say(speech))
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

    async def _failed(self, speech: Speech, error: BaseException) -> Speech | None:
        """The voice or the encoder failed: an apology that needs neither, where there is one."""
        log.error("a reply could not be spoken", exc_info=error)
        self._tell(speech)
        if speech.reply.script_id in FALLBACKS:
            raise CallEnded(CloseCode.FAULT, "the agent has lost its voice")
        speech.cut(self._playout.heard_samples())
        await self._dialogue.heard(speech.reply, speech.said_chars)
        return await self._say(Speech(apology(speech.reply)))
