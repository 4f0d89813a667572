"""What is told about a call while it runs: to its log, to the store, and to the caller's side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from server.calllog import CallLog
from server.speaking import Speech
from server.store.keeper import KeptCall
from server.wires import native
from server.wires.closing import CallEnded
from server.wires.native import Begin, End, Flush, Packets
from server.wires.wire import CallEvent
from voice_agent.contracts import Reply


class Diary:
    """One call's. ``log`` and ``kept`` are None where nothing is kept; with ``words`` the log holds
    what was said.

    ``tell`` sends a turn to the caller's side; ``speaking`` is the speech being said, or said last.
    """

    def __init__(
        self,
        log: CallLog | None,
        kept: KeptCall | None,
        words: bool,
        clock: Callable[[], float],
        tell: Callable[[native.TurnInfo | native.More], None],
        speaking: Callable[[], Speech | None],
    ) -> None:
        self._log, self._kept, self._words, self._clock = log, kept, words, clock
        self._tell, self._speaking = tell, speaking

    def note(self, event: str, **fields: Any) -> None:
        """Something happened."""
        if self._log is not None:
            self._log.event(event, **fields)

    def came(self, packets: Sequence[bytes | None], samples: int) -> None:
        """Packets of the caller; None for each that was lost. They last ``samples`` at 16 kHz."""
        if None in packets:
            self.note("lost", packets=len(packets), samples=samples)
        elif self._log is not None:
            self._log.up([packet for packet in packets if packet])

    def sent(self, event: CallEvent, generation: int) -> None:
        """``event`` has gone out."""
        match event:
            case Packets(packets):
                if self._log is not None:
                    self._log.down(generation, packets)
                self._first_sent(generation)
            case Begin(rate=rate):
                self.note("begin", gen=generation, **({"rate": rate} if rate else {}))
            case End() | Flush():
                self.note(event.type, gen=generation)

    def turn(self, speech: Speech) -> None:
        """Reports a turn: when its first sound goes out, or when it never will, and once more for
        each sentence that is written later."""
        if speech.told:
            self._more(speech, speech.told)
            return
        reply, latency = speech.reply, speech.clock.parts()
        speech.told = reply
        words = {"heard": speech.heard, "said": reply.text} if self._words else {}
        if self._kept is not None:
            self._kept.turn()
        self.note("turn", gen=speech.generation, latency_ms=latency, **words, **_guarded(reply))
        self._tell(
            native.TurnInfo(
                generation=speech.generation,
                heard=speech.heard,
                said=reply.text,
                stage=reply.stage,
                strategy=reply.strategy,
                risk=reply.risk.level,
                latency_ms=latency,
            )
        )

    def _more(self, speech: Speech, told: Reply) -> None:
        """Reports what the reply has beyond what is ``told``."""
        reply = speech.told = speech.reply
        added = reply.text[len(told.text) :].strip()
        words = {"said": added} if self._words and added else {}
        guarded = {} if reply.notes == told.notes else _guarded(reply)
        if added or guarded:
            self.note("more", gen=speech.generation, **words, **guarded)
        if added:
            self._tell(native.More(generation=speech.generation, said=added))

    def close(self, ended: CallEnded) -> None:
        """The call is over; waits for the disk, which may take its time."""
        if self._kept is not None:
            self._kept.end(ended)
        self.note("closed", code=int(ended.code), reason=ended.reason)
        if self._log is not None:
            self._log.close()

    def _first_sent(self, generation: int) -> None:
        speech = self._speaking()
        if speech is not None and speech.generation == generation and not speech.told:
            speech.clock.first_sent = self._clock()
            self.turn(speech)


def _guarded(reply: Reply) -> dict[str, Any]:
    """What the last guard did to a reply that was spoken while it was written."""
    return {"guard": list(reply.notes)} if reply.notes else {}
