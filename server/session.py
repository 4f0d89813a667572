"""One connection: hello, admission, the call, and a last word that says how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from codec.errors import SecoustiError
from codec.rates import Rate
from server.auth import is_loopback
from server.busy import say_busy
from server.call import Call
from server.crowd import CrowdFull, Visitor
from server.engine import EngineFull, Slot
from server.house import House
from server.line import line_for
from server.link import Link, Peer
from server.parts import Known
from server.returning import Seat
from server.store.keeper import KeptCall
from server.wires import native
from server.wires.closing import CallEnded, CloseCode, Dropped, ProtocolError
from server.wires.events import Answer, HungUp
from server.wires.native import ServerEvent
from server.wires.sound import PcmSound
from server.wires.wire import CallerEvent, Wire
from server.witness import Opening

log = logging.getLogger(__name__)

POLITE = (CloseCode.NORMAL, CloseCode.GOING_AWAY, CloseCode.CALL_LIMIT)
LAST_WORD_S = 1.0  # a caller that takes nothing any more is not waited for


class Session:
    """One caller over ``peer``, who speaks ``wire``; :meth:`run` returns how it ended."""

    def __init__(
        self, name: str, peer: Peer, house: House, wire: Wire, visitor: Visitor | None = None
    ) -> None:
        self.name, self._visitor = name, visitor or Visitor()
        self.admitted = False
        self._house, self._peer = house, peer
        self._link = Link(peer, wire, house.settings.limits, house.clock)
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """The server is going: the reply being spoken may end, then the call does."""
        self._leaving.set()

    async def run(self) -> CallEnded:
        """The whole connection. Raises nothing that the caller or a part of the agent caused."""
        try:
            ended = await self._admit()
        except CallEnded as end:
            ended = end
        except Dropped:
            ended = CallEnded(CloseCode.NORMAL, "the caller hung up before the call began")
        except ProtocolError as fault:
            ended = CallEnded(fault.code, str(fault))
        except EngineFull as full:
            reason = "limit" if isinstance(full, CrowdFull) else "full"
            self._house.metrics.refusals.labels(self._link.wire.name, reason).inc()
            await self._say_busy()
            ended = CallEnded(CloseCode.TRY_LATER, str(full))
        except Exception as error:
            log.exception("session %s failed", self.name)
            told = str(error) if isinstance(error, SecoustiError) else "the server failed inside"
            ended = CallEnded(CloseCode.FAULT, told)
        await self._last_word(ended)
        return ended

    async def _admit(self) -> CallEnded:
        """A slot is a place in the house. A call without tokens rests its codec, and no more."""
        hello, rest = await self._hello()
        if isinstance(hello, native.Resume):
            return await self._come_back(hello)
        self._link.hold()
        sound = self._link.wire.sound
        rate = sound.name if isinstance(sound, Rate) else next(iter(self._house.parts.codecs))
        with ExitStack() as leaving:
            leaving.enter_context(self._house.crowd.call(self._visitor))
            slot = self._house.engine.claim(rate)
            leaving.callback(slot.release)
            held = leaving.pop_all()
        self.admitted = True
        calling = self._house.seats.start(self._hold(held, slot, hello, rest))
        try:
            return await self._link.released()
        except asyncio.CancelledError:
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
            raise

    async def _hold(
        self, held: ExitStack, slot: Slot, hello: native.Hello, rest: Sequence[CallerEvent]
    ) -> None:
        """The call, which may outlive this connection, and go on over another one."""
        house, link, begun = self._house, self._link, self._house.clock()
        link.witnesses = house.witnesses(Opening(self.name, self._visitor.tenant, link.wire))
        seat = Seat(link, self._leaving)
        house.seats.keep(self.name, seat)
        ended = CallEnded(CloseCode.FAULT, "the server failed inside; its log says why")
        try:
            line = line_for(link.wire.sound, slot, house.shelf)
            known, kept = await self._kept(link.wire)
            call = Call(self.name, seat, house, line, hello, known, kept)
            ended = await call.run(rest)
        except SecoustiError as error:
            log.exception("call %s could not begin", self.name)
            ended = CallEnded(CloseCode.FAULT, str(error))
        except Exception:
            log.exception("call %s could not begin", self.name)
        finally:
            held.close()
            for witness in link.witnesses:
                witness.closed(ended)
            house.turnover.ended(house.clock() - begun)
            house.seats.forget(self.name)
            seat.close(ended)

    async def _kept(self, wire: Wire) -> tuple[Known | None, KeptCall | None]:
        """What is known of the caller and will be kept of the call, where the server has a store.

        Who is calling is believed of an operator's own client only: one that had to know a token,
        or is on this machine.
        """
        keeper, settings = self._house.keeper, self._house.settings
        if keeper is None:
            return None, None
        proven = settings.token or settings.tokens or is_loopback(settings.host)
        caller = wire.caller if proven else ""
        tenant = self._visitor.tenant
        known = await keeper.known(caller, tenant) if caller else None
        return known, keeper.call(self.name, wire.name, tenant, caller)

    async def _come_back(self, word: native.Resume) -> CallEnded:
        """Hands this connection to the call that it belongs to."""
        seat = await self._house.seats.find(word)
        self.name, self.admitted = word.session, True
        self._link = Link(
            self._peer, seat.link.wire, self._house.settings.limits, self._house.clock
        )
        self._link.witnesses = seat.link.witnesses
        seat.come_back(self._link, word)
        return await self._link.released()

    async def _hello(self) -> tuple[native.Hello | native.Resume, list[CallerEvent]]:
        """The wire's hello or resume, and what came in one message with it."""
        try:
            async with asyncio.timeout(self._house.settings.hello_timeout_s):
                events = list(self._link.wire.connected())
                while True:
                    while events:
                        match events.pop(0):
                            case native.Hello() | native.Resume() as hello:
                                return hello, events
                            case Answer() as answer:
                                await self._link.send(answer)
                            case HungUp(reason):
                                raise CallEnded(CloseCode.NORMAL, reason)
                            case _:
                                raise ProtocolError(
                                    CloseCode.PROTOCOL, "the first message must be hello"
                                )
                    events = list(await self._link.receive())
        except TimeoutError:
            raise CallEnded(CloseCode.HELLO_TIMEOUT, "no hello came: say hello first") from None

    async def _say_busy(self) -> None:
        """A person on a telephone cannot read a close code, and is told in words."""
        wire, house = self._link.wire, self._house
        reads = isinstance(wire, native.ServerWire)
        if wire.greets and not reads and isinstance(wire.sound, PcmSound):
            with suppress(CallEnded, Dropped):
                await say_busy(self._link, wire.sound, house)

    async def _last_word(self, ended: CallEnded) -> None:
        word: ServerEvent = native.Failure(code=ended.code, message=ended.reason)
        if ended.code == CloseCode.TRY_LATER:
            full, engine = self._house.turnover, self._house.engine
            word = native.Failure(
                code=ended.code,
                message=ended.reason,
                retry_after_s=full.retry_after_s(engine.slots),
                free=engine.free,
                slots=engine.slots,
            )
        if ended.code in POLITE:
            word = native.Bye(reason=ended.reason)
        with suppress(CallEnded, Dropped, TimeoutError):
            async with asyncio.timeout(LAST_WORD_S):
                await self._link.say(word)
