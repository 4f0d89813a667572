"""What only some wires can say, beside the events of :mod:`server.wires.native`."""

from __future__ import annotations

from dataclasses import dataclass

Message = bytes | str  # one websocket message, or one frame of a TCP wire


@dataclass(frozen=True)
class Digit:
    """The caller pressed a key: one of ``0-9*#ABCD``."""

    digit: str


@dataclass(frozen=True)
class HungUp:
    """The far end says that the call is over, and why, in words of ours."""

    reason: str = "the caller hung up"


@dataclass(frozen=True)
class Flow:
    """The far end's queue is full (``open`` False), or has room again."""

    open: bool


@dataclass(frozen=True)
class Answer:
    """The wire itself owes the far end these messages: an acknowledgement, a refusal."""

    messages: tuple[Message, ...]


# What a client can say that decides itself when it is answered (:mod:`server.wires.realtime`).


@dataclass(frozen=True)
class TurnTaking:
    """Who decides what. ``hears``: the ears end the caller's turns, else the client commits them;
    ``answers``: a turn is answered when it ends, else when the client asks; ``interrupts``: the
    caller's voice stops the agent's."""

    hears: bool = True
    answers: bool = True
    interrupts: bool = True


@dataclass(frozen=True)
class Commit:
    """The client ends the caller's turn: what was said so far is all of it."""


@dataclass(frozen=True)
class Discard:
    """The client takes back what was said and not yet answered."""


@dataclass(frozen=True)
class Ask:
    """The client wants an answer now: to ``text`` that was typed, to what was said, or to nothing.
    ``silent``: as text alone."""

    text: str = ""
    silent: bool = False


@dataclass(frozen=True)
class Muted:
    """Whether answers that nobody asks for are text alone."""

    silent: bool


@dataclass(frozen=True)
class Truncated:
    """So much of a reply that was cut has been heard, says who owns the loudspeaker."""

    generation: int
    samples: int


@dataclass(frozen=True)
class Cancel:
    """The client stops the running reply for good."""
