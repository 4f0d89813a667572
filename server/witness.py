"""Who is told what crosses a call's wire: the metrics, a trace. They only listen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from server.wires.closing import CallEnded
from server.wires.wire import CallerEvent, CallEvent, Wire


@dataclass(frozen=True)
class Opening:
    """A call that was admitted: our name for it, whose it is, and its wire."""

    session: str
    tenant: str
    wire: Wire


class Witness(Protocol):
    """One call's; whatever it does takes well under a millisecond and raises nothing."""

    def came(self, events: Sequence[CallerEvent]) -> None:
        """The events of one message of the caller's side."""
        ...

    def sent(self, event: CallEvent) -> None:
        """``event`` was handed to the caller's side, where its wire has words for it."""
        ...

    def closed(self, ended: CallEnded) -> None:
        """The call is over."""
        ...
