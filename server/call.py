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
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ
from server.dialogue import APOLOGY_ID, PARTING_ID, Dialogue, apology
from server.diary import Diary
from server.hearing import FLUSH_MS, Hearer
from server.house import House
from server.latency import Arrivals
from server.line import Line
from server.noticing import Notice
from server.outbox import Outbox
from server.parts import CallName, Known
from server.playout import Playout
from server.returning import Seat
from server.speaking import Speaker
from server.store.keeper import KeptCall
from server.talking import Back, Cancelled, Closing, Nudged, PersonWanted, Talker
from server.turns import Turns
from server.wires import native
from server.wires.closing import MEANING, CallEnded, CloseCode, Dropped, ProtocolError
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
from server.wires.native import Flush, Packets
from server.wires.wire import CallerEvent, ClientDecides
from voice_agent.listen.events import TurnEnded

log = logging.getLogger(__name__)


PERSON_DIGIT = "0"  # what telephones have always had for it


class Call:
    """The call ``name`` at its ``seat``, after its hello; :meth:`run` returns how it ended."""

    def __init__(
        self,
        name: str,
        seat: Seat,
        house: House,
        line: Line,
        hello: native.Hello,
        known: Known | None = None,
        kept: KeptCall | None = None,
    ) -> None:
        settings, parts, wire = house.settings, house.parts, seat.link.wire
        self._seat, self._line, self._engine = seat, line, house.engine
        self._taken = 0  # messages of the caller's stream
        self._name, self._settings, self._clock = name, settings, house.clock
        self._pool = house.pool
        self._hello = hello
        self._lead_ms = settings.lead_ms if wire.lead_ms is None else wire.lead_ms
        self._playout = Playout(house.clock, self._lead_ms)
        self._outbox = Outbox(seat.link, self._playout)
        self._send = self._outbox.put
        conversation = (
            parts.conversation(hello.locale)
            if known is None
            else parts.conversation(hello.locale, known)
        )
        call_log = house.open_log(name, wire.sound)
        if kept is not None:
            kept.begin(conversation, None if call_log is None else call_log.path)
        self._diary = Diary(
            call_log,
            kept,
            settings.log_words,
            house.clock,
            self._send,
            lambda: self._talker.speech,
        )
        self._arrivals = Arrivals(line.delay_samples)
        self._turns = Turns(self._send, self._answer)
        self._hearer = Hearer(
            line,
            parts.listener,
            house.ears,
            lambda event: self._notice(event),
            self._deafened,
            self._turns.flushed,
            2 * settings.respond_deadline_s,  # ears give a recogniser that hangs up by themselves
        )
        hand_off = parts.hand_off and partial(
            parts.hand_off, CallName(name, wire.name, wire.peer_id)
        )
        self._talker = Talker(
            Dialogue(conversation, house.pool, settings.respond_deadline_s, hand_off),
            Speaker(
                line,
                house.parts.voice,
                house.shelf,
                self._playout,
                self._send,
                house.pool,
                settings.sentence_gap_ms,
                settings.respond_deadline_s,
                house.spare,
            ),
            self._playout,
            self._arrivals,
            house.clock,
            self._diary.turn,
            self._hearer.agent_speaks,
            settings.silences_s,
            settings.hold_s if wire.greets else math.inf,
        )
        self._notice = Notice(
            self._talker, self._turns, self._send, self._cut, lambda: self._hearer.barge_in
        )

    async def run(self, events: Sequence[CallerEvent] = ()) -> CallEnded:
        """Welcomes the caller and runs the tasks until one ends the call; ``events`` came first."""
        self._send(self._welcome())
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
            await asyncio.get_running_loop().run_in_executor(self._pool, self._diary.close, ended)
        return ended

    def _welcome(self) -> native.Welcome:
        hello, engine = self._hello, self._engine
        return native.Welcome(
            rate=hello.rate,
            session=self._name,
            lead_ms=self._lead_ms,
            sound=hello.sound,
            rates=engine.rates,
            resume=self._seat.token if self._may_return else "",
            resume_s=self._settings.resume_s,
            free=engine.free,
            slots=engine.slots,
        )

    async def _tasks(self, events: Sequence[CallerEvent]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(events))
            group.create_task(self._hearer.run(self._cut))
            group.create_task(self._talker.run(self._seat.link.wire.greets))
            group.create_task(self._outbox.run(self._diary.sent))
            group.create_task(self._watch())
            group.create_task(self._announce())

    # The reader.

    async def _read(self, events: Sequence[CallerEvent]) -> None:
        while True:
            for event in events:
                await self._deal_with(event)
            try:
                events = await self._receive()
            except Dropped:
                events = ()
                await self._wait_for_the_caller()

    async def _deal_with(self, event: CallerEvent) -> None:
        match event:
            case Packets(packets):
                await self._take(packets)
            case native.Lost(packets=count):
                await self._take([None] * count)
            case native.Switch():
                await self._switch(event)
            case native.Played():
                self._playout.played(event.generation, event.samples)
            case Digit(digit):
                self._pressed(digit)
            case Flow(open=True):
                self._outbox.room.set()
            case Flow():
                self._outbox.room.clear()
            case Answer():
                self._send(event)
            case native.Bye():
                raise CallEnded(CloseCode.NORMAL, "goodbye")
            case HungUp(reason):
                raise CallEnded(CloseCode.NORMAL, reason)
            case native.Hello() | native.Resume():
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
                await self._hush()
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
            link = self._seat.link
            patience = self._settings.idle_timeout_s if link.wire.talks_always else None
            async with asyncio.timeout(patience):
                return await link.receive()
        except TimeoutError:
            idle = CallEnded(CloseCode.IDLE, "nothing came for too long")
            if not self._may_return:
                raise idle from None
            link.release(idle)
            raise Dropped from None

    async def _take(self, packets: Sequence[bytes | None]) -> None:
        samples = self._line.samples(packets)
        self._seat.link.meter.audio(samples / SAMPLE_RATE_HZ)
        self._arrivals.add(samples, self._clock())
        self._diary.came(packets, samples)
        begun = self._clock()
        await self._hearer.put(packets)
        self._seat.link.meter.held_up(self._clock() - begun)
        self._taken += 1

    async def _switch(self, switch: native.Switch) -> None:
        """A new stream of the caller's; replies from the next one on are of its rate too."""
        try:
            self._line.switch(switch.rate)
        except SecoustiError as error:
            raise ProtocolError(CloseCode.PROTOCOL, str(error)) from None
        self._diary.note("rate", rate=switch.rate)
        await self._hearer.put([switch])
        self._taken += 1

    async def _hush(self) -> None:
        """What the caller has said is all of it, for now."""
        self._turns.commit()
        self._arrivals.add(await self._hearer.flush(), self._clock())

    # The caller's connection breaks.

    @property
    def _may_return(self) -> bool:
        return self._seat.link.wire.keeps_place and self._settings.resume_s > 0

    async def _wait_for_the_caller(self) -> None:
        """Keeps everything for a caller whose connection is gone, until he is back.

        Raises:
            CallEnded: he may not come back, or does not in time.
        """
        if not self._may_return:
            raise CallEnded(CloseCode.NORMAL, "the caller hung up")
        self._diary.note("dropped")
        self._seat.link.release(CallEnded(CloseCode.GOING_AWAY, "the connection broke"))
        self._talker.caller_away = True
        self._cut()
        self._outbox.shut()
        try:
            async with asyncio.timeout(self._settings.resume_s):
                word = await self._returned()
        except TimeoutError:
            raise CallEnded(CloseCode.LOST, MEANING[CloseCode.LOST]) from None
        self._diary.note("resumed")
        self._outbox.open(self._seat.link, self._taken, word.turns)
        self._talker.caller_away = False
        self._talker.offer(Back(word.generation, word.played, self._playout.generation))

    async def _returned(self) -> native.Resume:
        """Waits for the caller; a turn that the break has cut is heard as far as it came."""
        try:
            async with asyncio.timeout(FLUSH_MS / 1000):
                return await self._seat.caller()
        except TimeoutError:
            await self._hush()
        return await self._seat.caller()

    def _pressed(self, digit: str) -> None:
        if digit == PERSON_DIGIT:
            self._diary.note("person_wanted")
            self._cut()
            self._talker.offer(PersonWanted())

    # The floor.

    def _deafened(self, for_good: bool) -> None:
        self._arrivals.rebase(self._hearer.heard_samples)
        self._talker.caller_speaks = False
        self._talker.offer(apology(words=PARTING_ID if for_good else APOLOGY_ID))

    def _cut(self) -> None:
        """The caller has the floor: stop speaking, and take back what is queued."""
        self._hearer.barge_in.settled()
        generation = self._talker.cut()
        self._outbox.room.set()  # what a full queue held up is stale, and the flush must get out
        if generation is not None:
            self._send(Flush(generation=generation), generation)

    # The watch.

    async def _watch(self) -> None:
        """Ends the call when the server leaves or the call is too long, after the running reply."""
        code, why = CloseCode.GOING_AWAY, "the server is shutting down"
        try:
            async with asyncio.timeout(self._settings.call_limit_s):
                await self._seat.leaving.wait()
        except TimeoutError:
            code, why = CloseCode.CALL_LIMIT, "the call reached its longest duration"
        try:
            async with asyncio.timeout(self._settings.last_reply_s):
                await self._talker.idle.wait()
        except TimeoutError:
            log.info("call %s is cut while the agent speaks", self._name)
        raise CallEnded(code, why)

    async def _announce(self) -> None:
        """Has the talker say that the call will end, and then end it; where there is risk it does
        neither, and is asked no more."""
        settings = self._settings
        await asyncio.sleep(max(0.0, settings.session_s - settings.closing_notice_s))
        self._talker.offer(Closing(now=False))
        await asyncio.sleep(settings.closing_notice_s)
        self._talker.offer(Closing(now=True))


def _first(group: BaseExceptionGroup[Any]) -> Any:
    """The first leaf of a task group's exceptions."""
    leaf: Any = group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf
