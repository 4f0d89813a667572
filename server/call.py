"""One admitted call: four tasks that share it, until one of them ends it.

The *reader* takes messages off the socket and never waits for the agent; the *hearer* turns packets
into sound and sound into events; the *talker* answers turns; the *writer* is the last hop, where
audio of a generation that is no longer live is dropped. What takes more than a few milliseconds
runs in the worker pool or in the engine's thread. What the messages look like, and what sound is in
them, is the wire's and the line's business.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from codec.rates import SAMPLE_RATE_HZ
from server.calllog import CallLog
from server.crowd import Crowd
from server.dialogue import APOLOGY_ID, PARTING_ID, Dialogue, apology
from server.engine import Engine
from server.hearing import Hearer
from server.latency import Arrivals
from server.limits import CrowdLimits
from server.line import Line
from server.link import Link
from server.metrics import CallMetrics, Metrics
from server.parts import CallName, Parts
from server.playout import Playout
from server.scripts import ScriptShelf
from server.settings import ServerSettings
from server.speaking import Speaker, Speech
from server.talking import Cancelled, Nudged, PersonWanted, Talker
from server.turnlog import TurnLog
from server.turns import Turns
from server.wires import native
from server.wires.closing import CallEnded, CloseCode, ProtocolError
from server.wires.events import (
    Answer,
    Ask,
    Cancel,
    Commit,
    Digit,
    Discard,
    Flow,
    HungUp,
    Muted,
    Truncated,
    TurnTaking,
)
from server.wires.native import End, Flush, Packets
from server.wires.sound import Sound
from server.wires.wire import CallerEvent, CallEvent, ClientDecides
from server.witness import Opening, Witness
from voice_agent.listen.events import (
    ListenEvent,
    Partial,
    SpeechDismissed,
    SpeechStarted,
    TurnEnded,
)

if TYPE_CHECKING:
    from server.traces import Traces

log = logging.getLogger(__name__)


PERSON_DIGIT = "0"  # what telephones have always had for it


@dataclass(frozen=True)
class House:
    """What all calls of a server share. ``open_log`` makes a call's log, or None: none is kept."""

    settings: ServerSettings
    parts: Parts
    engine: Engine
    shelf: ScriptShelf
    pool: Executor
    clock: Callable[[], float]
    open_log: Callable[[str, Sound], CallLog | None]
    crowd: Crowd = field(default_factory=lambda: Crowd(CrowdLimits(), time.monotonic))
    metrics: Metrics = field(default_factory=Metrics)
    traces: Traces | None = None

    def witnesses(self, opening: Opening) -> list[Witness]:
        """Who is told what happens in a call that begins now."""
        told: list[Witness] = [
            CallMetrics(self.metrics, opening, self.clock),
            TurnLog(opening, self.settings.log_words),
        ]
        return told if self.traces is None else [*told, self.traces.call(opening)]


class Call:
    """The call ``name`` over ``link``, after its hello; :meth:`run` returns how it ended."""

    def __init__(
        self,
        name: str,
        link: Link,
        house: House,
        line: Line,
        hello: native.Hello,
        leaving: asyncio.Event,
    ) -> None:
        settings, parts, wire = house.settings, house.parts, link.wire
        self._link, self._line, self._leaving = link, line, leaving
        self._name, self._settings, self._clock = name, settings, house.clock
        self._pool = house.pool
        self._hello = hello
        self._lead_ms = settings.lead_ms if wire.lead_ms is None else wire.lead_ms
        self._log = house.open_log(name, wire.sound)
        # Unbounded, and small all the same: audio in it is paced by the playout's lead.
        self._outbox: asyncio.Queue[tuple[CallEvent, int]] = asyncio.Queue()
        self._room = asyncio.Event()  # the far end takes sound
        self._room.set()
        self._playout = Playout(house.clock, self._lead_ms)
        self._arrivals = Arrivals(line.delay_samples)
        self._turns = Turns(self._send, self._answer)
        self._hearer = Hearer(
            line,
            parts.listener,
            house.pool,
            self._noticed,
            self._deafened,
            self._turns.flushed,
        )
        hand_off = parts.hand_off and partial(
            parts.hand_off, CallName(name, wire.name, wire.peer_id)
        )
        self._talker = Talker(
            Dialogue(
                parts.conversation(hello.locale), house.pool, settings.respond_deadline_s, hand_off
            ),
            Speaker(
                line,
                house.parts.voice,
                house.shelf,
                self._playout,
                self._send,
                house.pool,
                settings.sentence_gap_ms,
            ),
            self._playout,
            self._arrivals,
            house.clock,
            self._tell_turn,
            self._hearer.agent_speaks,
        )

    async def run(self, events: Sequence[CallerEvent] = ()) -> CallEnded:
        """Welcomes the caller and runs the tasks until one ends the call; ``events`` came first."""
        self._send(
            native.Welcome(
                rate=self._hello.rate,
                session=self._name,
                lead_ms=self._lead_ms,
                sound=self._hello.sound,
            )
        )
        ended = CallEnded(CloseCode.FAULT, "the server failed inside; its log says why")
        try:
            await self._tasks(events)
        except* CallEnded as ends:
            ended = _first(ends)
        except* ProtocolError as faults:
            fault = _first(faults)
            ended = CallEnded(fault.code, str(fault))
        except* Exception:
            log.exception("call %s failed", self._name)
        finally:
            self._record("closed", code=int(ended.code), reason=ended.reason)
            if self._log is not None:  # waits for the disk, which may take its time
                await asyncio.get_running_loop().run_in_executor(self._pool, self._log.close)
        return ended

    async def _tasks(self, events: Sequence[CallerEvent]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(events))
            group.create_task(self._hearer.run(self._cut))
            group.create_task(self._talker.run(self._link.wire.greets))
            group.create_task(self._write())
            group.create_task(self._watch())

    # The reader.

    async def _read(self, events: Sequence[CallerEvent]) -> None:
        while True:
            for event in events:
                await self._deal_with(event)
            events = await self._receive()

    async def _deal_with(self, event: CallerEvent) -> None:
        match event:
            case Packets(packets):
                await self._take(packets)
            case native.Played():
                self._playout.played(event.generation, event.samples)
            case Digit(digit):
                self._pressed(digit)
            case Flow(open=True):
                self._room.set()
            case Flow():
                self._room.clear()
            case Answer():
                self._send(event)
            case native.Bye():
                raise CallEnded(CloseCode.NORMAL, "goodbye")
            case HungUp(reason):
                raise CallEnded(CloseCode.NORMAL, reason)
            case native.Hello() | native.Resume() | native.Lost() | native.Switch():
                pass  # it was the first event; a wire says it once
            case _:
                await self._client_decides(event)

    async def _client_decides(self, event: ClientDecides) -> None:
        match event:
            case TurnTaking():
                self._turns.taking = event
            case Muted(silent):
                self._turns.silent = silent
            case Commit():
                self._turns.commit()
                self._arrivals.add(await self._hearer.flush(), self._clock())
            case Discard():
                self._turns.discard()
            case Ask():
                self._turns.ask(event)
            case Truncated(generation, samples):
                self._talker.truncate(generation, samples)
            case Cancel():
                self._cut()
                self._talker.offer(Cancelled())

    def _answer(self, turn: TurnEnded | None, silent: bool) -> None:
        self._line.muted = silent
        self._talker.offer(Nudged() if turn is None else turn)

    async def _receive(self) -> Sequence[CallerEvent]:
        try:
            patience = self._settings.idle_timeout_s if self._link.wire.talks_always else None
            async with asyncio.timeout(patience):
                return await self._link.receive()
        except TimeoutError:
            raise CallEnded(CloseCode.IDLE, "nothing came for too long") from None

    async def _take(self, packets: tuple[bytes, ...]) -> None:
        samples = self._line.samples(packets)
        self._link.meter.audio(samples / SAMPLE_RATE_HZ)
        self._arrivals.add(samples, self._clock())
        if self._log is not None:
            self._log.up(packets)
        await self._hearer.put(packets)

    def _pressed(self, digit: str) -> None:
        if digit == PERSON_DIGIT:
            self._record("person_wanted")
            self._cut()
            self._talker.offer(PersonWanted())

    # What the hearer noticed.

    def _noticed(self, event: ListenEvent) -> None:
        if isinstance(event, Partial) and self._hearer.barge_in.suspected:
            self._cut()  # words: no noise
        if not isinstance(event, TurnEnded):
            self._send(event)
        match event:
            case SpeechStarted() if self._turns.taking.interrupts:
                self._talker.caller_speaks = True
                if self._talker.is_speaking:
                    self._hearer.barge_in.started(event.t)
            case SpeechDismissed():
                self._floor_is_free()
                self._talker.offer(event)
            case TurnEnded():
                if self._turns.taking.interrupts:
                    self._cut()
                self._floor_is_free()
                self._turns.ended(event)

    def _floor_is_free(self) -> None:
        self._talker.caller_speaks = False
        self._hearer.barge_in.settled()

    def _deafened(self, for_good: bool) -> None:
        self._arrivals.rebase(self._hearer.heard_samples)
        self._talker.caller_speaks = False
        self._talker.offer(apology(words=PARTING_ID if for_good else APOLOGY_ID))

    def _cut(self) -> None:
        """The caller has the floor: stop speaking, and take back what is queued."""
        self._hearer.barge_in.settled()
        generation = self._talker.cut()
        self._room.set()  # what a full queue held up is stale now, and the flush must get through
        if generation is not None:
            self._send(Flush(generation=generation), generation)

    # The writer.

    def _send(self, event: CallEvent, generation: int = 0) -> None:
        self._outbox.put_nowait((event, generation))

    async def _write(self) -> None:
        while True:
            event, generation = await self._outbox.get()
            if isinstance(event, Packets):
                await self._room.wait()
            if isinstance(event, Packets | End) and not self._playout.is_live(generation):
                continue  # stale: the caller has cut this reply
            await self._link.send(event)
            self._sent(event, generation)

    def _sent(self, event: CallEvent, generation: int) -> None:
        match event:
            case Packets(packets):
                if self._log is not None:
                    self._log.down(generation, packets)
                self._first_sent(generation)
            case native.Begin() | End() | Flush():
                self._record(event.type, gen=generation)

    def _first_sent(self, generation: int) -> None:
        speech = self._talker.speech
        if speech is not None and speech.generation == generation and not speech.told:
            speech.clock.first_sent = self._clock()
            self._tell_turn(speech)

    def _tell_turn(self, speech: Speech) -> None:
        """Reports a turn once: when its first sound goes out, or when it never will."""
        if speech.told:
            return
        speech.told = True
        reply, latency = speech.reply, speech.clock.parts()
        words = {"heard": speech.heard, "said": reply.text} if self._settings.log_words else {}
        self._record("turn", gen=speech.generation, latency_ms=latency, **words)
        self._send(_turn_info(speech, latency))

    # The watch.

    async def _watch(self) -> None:
        """Ends the call when the server leaves or the call is too long, after the running reply."""
        code, why = CloseCode.GOING_AWAY, "the server is shutting down"
        try:
            async with asyncio.timeout(self._settings.call_limit_s):
                await self._leaving.wait()
        except TimeoutError:
            code, why = CloseCode.CALL_LIMIT, "the call reached its longest duration"
        try:
            async with asyncio.timeout(self._settings.last_reply_s):
                await self._talker.idle.wait()
        except TimeoutError:
            log.info("call %s is cut while the agent speaks", self._name)
        raise CallEnded(code, why)

    def _record(self, name: str, **fields: Any) -> None:
        if self._log is not None:
            self._log.event(name, **fields)


def _turn_info(speech: Speech, latency_ms: dict[str, float]) -> native.TurnInfo:
    reply = speech.reply
    return native.TurnInfo(
        generation=speech.generation,
        heard=speech.heard,
        said=reply.text,
        stage=reply.stage,
        strategy=reply.strategy,
        risk=reply.risk.level,
        latency_ms=latency_ms,
    )


def _first(group: BaseExceptionGroup[Any]) -> Any:
    """The first leaf of a task group's exceptions."""
    leaf: Any = group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf
