"""What the caller's sound means for the floor: to yield it, to keep it, to answer.

Over the agent's voice four things are heard: the caller takes the floor, and the agent stops; they
only show that they listen ("mhm"), and it goes on; a noise, and it goes on; or the agent itself,
come back over the line, and from then on sound alone no longer stops it.
"""

from __future__ import annotations

from collections.abc import Callable

from server.bargein import BargeIn
from server.echo import is_echo
from server.talking import Talker
from server.turns import Turns
from server.wires.wire import CallEvent
from voice_agent.listen.endings import is_backchannel
from voice_agent.listen.events import (
    ListenEvent,
    Partial,
    SpeechDismissed,
    SpeechStarted,
    TurnEnded,
    TurnPaused,
)


class Notice:
    """Deals with one caller's events, in order. ``cut`` silences the agent, ``send`` tells the
    wire, ``barge_in`` gives the suspicion of the ears that hear now."""

    def __init__(
        self,
        talker: Talker,
        turns: Turns,
        send: Callable[[CallEvent], None],
        cut: Callable[[], None],
        barge_in: Callable[[], BargeIn],
    ) -> None:
        self._talker, self._turns = talker, turns
        self._send, self._cut, self._barge_in = send, cut, barge_in
        self._over_agent = False  # the running speech began over the agent's voice

    def __call__(self, event: ListenEvent) -> None:
        match event:
            case TurnPaused(turn):
                if self._turns.taking.answers and self._turns.taking.hears:
                    self._talker.expect(turn)
            case TurnEnded() if self._is_echo(event):
                self._barge_in().echoes = True
                self._dismissed(SpeechDismissed(event.turn.t_start, event.turn.text))
            case TurnEnded():
                self._ended(event)
            case SpeechDismissed():
                self._dismissed(event)
            case SpeechStarted():
                self._started(event)
            case Partial():
                self._heard(event)

    def _started(self, event: SpeechStarted) -> None:
        self._send(event)
        self._over_agent = event.over_agent
        if self._turns.taking.interrupts:
            self._talker.caller_speaks = True
            if self._talker.is_speaking:
                self._barge_in().started(event.t)

    def _heard(self, event: Partial) -> None:
        """Words settle a suspicion, unless they are "mhm" or the agent's own."""
        own = is_echo(event.text, self._said, fewest=2)
        if self._barge_in().suspected and not own and not is_backchannel(event.text):
            self._cut()
        self._send(event)

    def _dismissed(self, event: SpeechDismissed) -> None:
        self._send(event)
        self._floor_is_free()
        self._talker.offer(event)

    def _ended(self, event: TurnEnded) -> None:
        if self._turns.taking.interrupts:
            self._cut()
        self._floor_is_free()
        self._turns.ended(event)

    def _floor_is_free(self) -> None:
        self._talker.caller_speaks = False
        self._barge_in().settled()

    def _is_echo(self, event: TurnEnded) -> bool:
        return self._over_agent and is_echo(event.turn.text, self._said)

    @property
    def _said(self) -> str:
        """What the agent is saying, or said last."""
        speech = self._talker.speech
        return "" if speech is None else speech.reply.text
