"""Who is told what happens in a call: its log, the metrics, a trace. They only listen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.parts import CallName
from server.speaking import Speech
from server.wires.closing import CallEnded
from server.wires.sound import Sound
from server.wires.wire import CallEvent


@dataclass(frozen=True)
class Opening:
    """A call that was admitted: whose it is and what sound is on its wire."""

    call: CallName
    tenant: str
    sound: Sound


class Witness(Protocol):
    """One call's; whatever it does takes well under a millisecond and raises nothing."""

    def came(self, packets: Sequence[bytes], samples: int) -> None:
        """Packets of the caller, which last ``samples`` at 16 kHz."""
        ...

    def sent(self, event: CallEvent, samples: int) -> None:
        """``event`` has gone to the caller; audio in it lasts ``samples``."""
        ...

    def turn(self, speech: Speech, latency_ms: Mapping[str, float]) -> None:
        """A turn is told: its first sound has gone out, or never will."""
        ...

    def note(self, event: str) -> None:
        """Something else by its name in the call log, such as ``dropped`` or ``resumed``."""
        ...

    def closed(self, ended: CallEnded) -> None:
        """The call is over."""
        ...
