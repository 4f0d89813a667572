"""The caller's end of a connection: the peer, the wire it speaks, and what it may ask of us."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from server.limits import Limits, Meter
from server.wires.events import Message
from server.wires.wire import CallerEvent, CallEvent, Wire
from server.witness import Witness


class Peer(Protocol):
    """The caller's side of a socket; both raise :class:`CallEnded` when it is gone."""

    async def receive(self) -> Message: ...
    async def send(self, message: Message) -> None: ...


class Link:
    """Messages of ``peer`` as events of ``wire``, held to its limits."""

    def __init__(self, peer: Peer, wire: Wire, limits: Limits, clock: Callable[[], float]) -> None:
        self.wire = wire
        self.witnesses: Sequence[Witness] = ()  # told what crosses, once the call is admitted
        self._peer, self._limits, self._clock = peer, limits, clock
        self.hold()

    def hold(self) -> None:
        """Holds the peer to its wire's limits, which its hello may have changed."""
        self.meter = Meter(self.wire.limits or self._limits, self._clock)

    async def receive(self) -> Sequence[CallerEvent]:
        """The events of the next message.

        Raises:
            CallEnded: the peer is gone.
            ProtocolError: it sent what it may not, or too much.
        """
        message = await self._peer.receive()
        self.meter.message(len(message))
        events = self.wire.decode(message)
        for witness in self.witnesses:
            witness.came(events)
        return events

    async def send(self, event: CallEvent) -> None:
        """Tells the peer of ``event``, where its wire has words for it; raises as above."""
        for message in self.wire.encode(event):
            await self._peer.send(message)
        for witness in self.witnesses:
            witness.sent(event)
