"""One connection: hello, admission, the call, and a last word that says how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from codec.errors import SecoustiError
from codec.rates import Rate
from server.busy import say_busy
from server.call import Call, House
from server.crowd import CrowdFull, Visitor
from server.engine import EngineFull, Slot
from server.line import line_for
from server.link import Link, Peer
from server.wires import native
from server.wires.closing import CallEnded, CloseCode, ProtocolError
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
        self._house = house
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
        self._link.hold()
        sound = self._link.wire.sound
        rate = sound.name if isinstance(sound, Rate) else next(iter(self._house.parts.codecs))
        with self._house.crowd.call(self._visitor):
            slot = self._house.engine.claim(rate)
            self.admitted = True
            try:
                return await self._call(slot, hello, rest)
            finally:
                slot.release()

    async def _call(
        self, slot: Slot, hello: native.Hello, rest: Sequence[CallerEvent]
    ) -> CallEnded:
        house, link = self._house, self._link
        link.witnesses = house.witnesses(Opening(self.name, self._visitor.tenant, link.wire))
        ended = CallEnded(CloseCode.FAULT, "the server failed inside; its log says why")
        try:
            line = line_for(link.wire.sound, slot, house.shelf)
            ended = await Call(self.name, link, house, line, hello, self._leaving).run(rest)
        finally:
            for witness in link.witnesses:
                witness.closed(ended)
        return ended

    async def _hello(self) -> tuple[native.Hello, list[CallerEvent]]:
        """The wire's hello, and what came in one message with it."""
        try:
            async with asyncio.timeout(self._house.settings.hello_timeout_s):
                events = list(self._link.wire.connected())
                while True:
                    while events:
                        match events.pop(0):
                            case native.Hello() as hello:
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
            with suppress(CallEnded):
                await say_busy(self._link, wire.sound, house)

    async def _last_word(self, ended: CallEnded) -> None:
        word: ServerEvent = native.Failure(code=ended.code, message=ended.reason)
        if ended.code in POLITE:
            word = native.Bye(reason=ended.reason)
        with suppress(CallEnded, TimeoutError):
            async with asyncio.timeout(LAST_WORD_S):
                await self._link.send(word)
