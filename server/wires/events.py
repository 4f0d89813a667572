"""What only some wires can say, beside the events of :mod:`server.wires.native`."""

from __future__ import annotations

from dataclasses import dataclass

Message = bytes | str  # one websocket message, or one frame of a TCP wire


@dataclass(frozen=True)
class Digit:
    """The caller pressed a key: one of ``0-9*#ABCD``."""

    digit: str


@dataclass(frozen=True)
class Flow:
    """The far end's queue is full (``open`` False), or has room again."""

    open: bool


@dataclass(frozen=True)
class Answer:
    """The wire itself owes the far end these messages: an acknowledgement, a refusal."""

    messages: tuple[Message, ...]
