"""The caller's end of a connection: the peer, the wire it speaks, and what it may ask of us.

A call may outlive its connection: whoever waits for a link that is let go is told so at once, even
where the socket itself does not know yet that nobody is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from server.limits import Limits, Meter
from server.wires.closing import CallEnded, Dropped
from server.wires.events import Message
from server.wires.wire import CallerEvent, CallEvent, Wire
from server.witness import Witness

_Result = TypeVar("_Result")


class Peer(Protocol):
    """The caller's side of a socket. Both raise :class:`CallEnded` when it has said goodbye, and
    :class:`Dropped` when it is gone without."""

    async def receive(self) -> Message: ...
    async def send(self, message: Message) -> None: ...


class Link:
    """Messages of ``peer`` as events of ``wire``, held to its limits."""

    def __init__(self, peer: Peer, wire: Wire, limits: Limits, clock: Callable[[], float]) -> None:
        self.wire = wire
        self.witnesses: Sequence[Witness] = ()  # told what crosses, once the call is admitted
        self._peer, self._limits, self._clock = peer, limits, clock
        self._released: CallEnded | None = None
        self._leaving = asyncio.Event()
        self._waiting: set[asyncio.Timeout] = set()
        self.hold()

    def hold(self) -> None:
        """Holds the peer to its wire's limits, which its hello may have changed."""
        self.meter = Meter(self.wire.limits or self._limits, self._clock)

    def release(self, ended: CallEnded) -> None:
        """The call has no more use for this connection, and why. Safe to call twice."""
        if self._released is None:
            self._released = ended
            self._leaving.set()
            for scope in self._waiting:
                scope.reschedule(0)

    async def released(self) -> CallEnded:
        """Waits until the call lets the connection go; how it ended for the caller."""
        await self._leaving.wait()
        assert self._released is not None
        return self._released

    async def receive(self) -> Sequence[CallerEvent]:
        """The events of the next message.

        Raises:
            CallEnded: the peer has hung up.
            Dropped: it is gone without a goodbye, or was let go.
            ProtocolError: it sent what it may not, or too much.
        """
        message = await self._unless_released(self._peer.receive())
        self.meter.message(len(message))
        events = self.wire.decode(message)
        for witness in self.witnesses:
            witness.came(events)
        return events

    async def send(self, event: CallEvent) -> None:
        """Tells the peer of ``event``, where its wire has words for it; raises as above."""
        for message in self.wire.encode(event):
            await self._unless_released(self._peer.send(message))
        for witness in self.witnesses:
            witness.sent(event)

    async def say(self, event: CallEvent) -> None:
        """A last word, also when the call has let the connection go."""
        for message in self.wire.encode(event):
            await self._peer.send(message)

    async def _unless_released(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        if self._released is not None:
            work.close()
            raise Dropped
        try:
            async with asyncio.timeout(None) as scope:
                self._waiting.add(scope)
                try:
                    return await work
                finally:
                    self._waiting.discard(scope)
        except TimeoutError:
            raise Dropped from None
