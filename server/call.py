"""One admitted call: four tasks that share it, until one of them ends it.

The *reader* takes messages off the socket and never waits for the agent; the *hearer* turns packets
into sound and sound into events; the *talker* answers turns; the *writer* is the last hop, where
audio of a generation that is no longer live is dropped. What takes more than a few milliseconds
runs in the worker pool or in the engine's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol

from codec.rates import Rate, rate_named
from server.calllog import CallLog
from server.dialogue import APOLOGY_ID, PARTING_ID, Dialogue, apology
from server.engine import Engine, Slot
from server.hearing import Hearer
from server.latency import Arrivals
from server.limits import Meter
from server.parts import Parts
from server.playout import Playout
from server.scripts import ScriptShelf
from server.settings import ServerSettings
from server.speaking import Speaker, Speech
from server.talking import Talker
from server.wires import native
from server.wires.closing import CallEnded, CloseCode, ProtocolError
from server.wires.native import End, Flush, Packets, ServerEvent
from voice_agent.listen.events import (
    ListenEvent,
    Partial,
    SpeechDismissed,
    SpeechStarted,
    TurnEnded,
)

log = logging.getLogger(__name__)


class Peer(Protocol):
    """The caller's side of the socket; both raise :class:`CallEnded` when it is gone."""

    async def receive(self) -> bytes | str: ...
    async def send(self, message: bytes | str) -> None: ...


@dataclass(frozen=True)
class House:
    """What all calls of a server share. ``open_log`` makes a call's log, or None: none is kept."""

    settings: ServerSettings
    parts: Parts
    engine: Engine
    shelf: ScriptShelf
    pool: Executor
    clock: Callable[[], float]
    open_log: Callable[[str, Rate], CallLog | None]


class Call:
    """The call ``name`` in ``slot``, after its hello; :meth:`run` returns how it ended."""

    def __init__(
        self,
        name: str,
        peer: Peer,
        house: House,
        wire: native.ServerWire,
        meter: Meter,
        slot: Slot,
        hello: native.Hello,
        leaving: asyncio.Event,
    ) -> None:
        settings = house.settings
        self._peer, self._wire, self._meter, self._leaving = peer, wire, meter, leaving
        self._name, self._settings, self._clock = name, settings, house.clock
        self._pool = house.pool
        self._rate = rate_named(slot.rate)
        self._hello = hello
        self._log = house.open_log(name, self._rate)
        # Unbounded, and small all the same: audio in it is paced by the playout's lead.
        self._outbox: asyncio.Queue[tuple[ServerEvent, int]] = asyncio.Queue()
        self._playout = Playout(house.clock, settings.lead_ms)
        self._arrivals = Arrivals()
        self._hearer = Hearer(slot, house.parts.listener, house.pool, self._noticed, self._deafened)
        self._talker = Talker(
            Dialogue(
                house.parts.conversation(hello.locale), house.pool, settings.respond_deadline_s
            ),
            Speaker(
                slot,
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

    async def run(self) -> CallEnded:
        """Welcomes the caller and runs the tasks until one ends the call."""
        self._send(
            native.Welcome(
                rate=self._hello.rate, session=self._name, lead_ms=self._settings.lead_ms
            )
        )
        ended = CallEnded(CloseCode.FAULT, "the server failed inside; its log says why")
        try:
            await self._tasks()
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

    async def _tasks(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._hearer.run(self._cut))
            group.create_task(self._talker.run())
            group.create_task(self._write())
            group.create_task(self._watch())

    # The reader.

    async def _read(self) -> None:
        while True:
            event = self._wire.decode(await self._receive())
            match event:
                case Packets(packets):
                    await self._take(packets)
                case native.Played():
                    self._playout.played(event.generation, event.samples)
                case native.Bye():
                    raise CallEnded(CloseCode.NORMAL, "goodbye")

    async def _receive(self) -> bytes | str:
        try:
            async with asyncio.timeout(self._settings.idle_timeout_s):
                message = await self._peer.receive()
        except TimeoutError:
            raise CallEnded(CloseCode.IDLE, "nothing came for too long") from None
        self._meter.message(len(message))
        return message

    async def _take(self, packets: tuple[bytes, ...]) -> None:
        self._meter.audio(len(packets) * self._rate.packet_ms / 1000)
        self._arrivals.add(len(packets) * self._rate.packet_samples, self._clock())
        if self._log is not None:
            self._log.up(packets)
        await self._hearer.put(packets)

    # What the hearer noticed.

    def _noticed(self, event: ListenEvent) -> None:
        match event:
            case SpeechStarted():
                self._talker.caller_speaks = True
                if self._talker.is_speaking:
                    self._hearer.barge_in.started(event.t)
            case Partial():
                self._caption(event.text)
            case SpeechDismissed():
                self._floor_is_free(event)
            case TurnEnded():
                self._cut()
                self._floor_is_free(event)

    def _caption(self, text: str) -> None:
        if self._hearer.barge_in.suspected:
            self._cut()  # words: no noise
        if self._hello.events:
            self._send(native.Caption(text=text))

    def _floor_is_free(self, event: SpeechDismissed | TurnEnded) -> None:
        self._talker.caller_speaks = False
        self._hearer.barge_in.settled()
        self._talker.offer(event)

    def _deafened(self, for_good: bool) -> None:
        self._arrivals.rebase(self._hearer.heard_samples)
        self._talker.caller_speaks = False
        self._talker.offer(apology(words=PARTING_ID if for_good else APOLOGY_ID))

    def _cut(self) -> None:
        """The caller has the floor: stop speaking, and take back what is queued."""
        self._hearer.barge_in.settled()
        generation = self._talker.cut()
        if generation is not None:
            self._send(Flush(generation=generation), generation)

    # The writer.

    def _send(self, event: ServerEvent, generation: int = 0) -> None:
        self._outbox.put_nowait((event, generation))

    async def _write(self) -> None:
        while True:
            event, generation = await self._outbox.get()
            if isinstance(event, Packets | End) and not self._playout.is_live(generation):
                continue  # stale: the caller has cut this reply
            await self._peer.send(native.encode(event))
            self._sent(event, generation)

    def _sent(self, event: ServerEvent, generation: int) -> None:
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
        if self._hello.events:
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
            async with asyncio.timeout(self._settings.drain_s):
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
