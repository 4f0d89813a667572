"""What every wire is to a call: messages in, events; events out, messages; no socket, no clock.

The native wire is the one that can say the most, so its events are the call's own; every other wire
translates. Two facts more decide how a call plays out: what sound is on the wire, and how far ahead
of real time it may go. A far end that keeps a queue gets the server's lead, and can take queued
sound back; one that plays what comes is paced by us, with a ``lead_ms`` of a frame or two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from server.limits import Limits
from server.wires import native
from server.wires.events import (
    Answer,
    Ask,
    Cancel,
    Commit,
    Digit,
    Discard,
    Flow,
    HungUp,
    Message,
    Muted,
    Truncated,
    TurnTaking,
)
from server.wires.sound import Sound
from voice_agent.listen.events import ListenEvent

ClientDecides = TurnTaking | Commit | Discard | Ask | Muted | Truncated | Cancel
CallerEvent = native.ClientEvent | Digit | HungUp | Flow | Answer | ClientDecides
CallEvent = native.ServerEvent | ListenEvent | Answer


class Wire(Protocol):
    """The server's end of one connection. :attr:`sound` is known once a ``Hello`` has come out."""

    name: str
    limits: Limits | None  # None: those of the server's settings
    lead_ms: int | None  # None: the server's setting
    talks_always: bool  # silence is sent too, so a quiet line is a dead one
    greets: bool  # the agent speaks first
    keeps_place: bool  # a caller whose connection breaks may come back over another one
    caller: str  # who calls, where the far end's operator says so; else empty

    @property
    def sound(self) -> Sound: ...

    @property
    def peer_id(self) -> str:
        """What the far end calls this call; empty where it has no name."""
        ...

    def connected(self) -> Sequence[CallerEvent]:
        """What follows from the connection alone, before any message."""
        ...

    def decode(self, message: Message) -> Sequence[CallerEvent]:
        """The events of one message.

        Raises:
            ProtocolError: the message is not allowed; it has the close code.
        """
        ...

    def encode(self, event: CallEvent) -> Sequence[Message]:
        """What goes to the far end for an event; nothing where the wire has no word for it."""
        ...
