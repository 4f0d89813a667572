"""One connection: hello, admission, the call, and a last word that says how it ended."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from codec.errors import SecoustiError
from server.call import Call, House, Peer
from server.engine import EngineFull, Slot
from server.limits import Meter
from server.wires import native
from server.wires.closing import CallEnded, CloseCode, ProtocolError
from server.wires.native import ServerEvent

log = logging.getLogger(__name__)

POLITE = (CloseCode.NORMAL, CloseCode.GOING_AWAY, CloseCode.CALL_LIMIT)
LAST_WORD_S = 1.0  # a caller that takes nothing any more is not waited for


class Session:
    """One caller over ``peer``; :meth:`run` returns how it ended."""

    def __init__(self, name: str, peer: Peer, house: House) -> None:
        self.name = name
        self.admitted = False
        self._peer, self._house = peer, house
        self._wire = native.ServerWire()
        self._meter = Meter(house.settings.limits, house.clock)
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
            ended = CallEnded(CloseCode.TRY_LATER, str(full))
        except Exception as error:
            log.exception("session %s failed", self.name)
            told = str(error) if isinstance(error, SecoustiError) else "the server failed inside"
            ended = CallEnded(CloseCode.FAULT, told)
        await self._last_word(ended)
        return ended

    async def _admit(self) -> CallEnded:
        hello = await self._hello()
        slot: Slot = self._house.engine.claim(hello.rate)
        self.admitted = True
        try:
            call = Call(
                self.name,
                self._peer,
                self._house,
                self._wire,
                self._meter,
                slot,
                hello,
                self._leaving,
            )
            return await call.run()
        finally:
            slot.release()

    async def _hello(self) -> native.Hello:
        try:
            async with asyncio.timeout(self._house.settings.hello_timeout_s):
                message = await self._peer.receive()
        except TimeoutError:
            raise CallEnded(CloseCode.HELLO_TIMEOUT, "no hello came: say hello first") from None
        self._meter.message(len(message))
        event = self._wire.decode(message)
        if not isinstance(event, native.Hello):
            raise ProtocolError(CloseCode.PROTOCOL, "the first message must be hello")
        return event

    async def _last_word(self, ended: CallEnded) -> None:
        word: ServerEvent = native.Failure(code=ended.code, message=ended.reason)
        if ended.code in POLITE:
            word = native.Bye(reason=ended.reason)
        with suppress(CallEnded, TimeoutError):
            async with asyncio.timeout(LAST_WORD_S):
                await self._peer.send(native.encode(word))
