"""Which of the caller's turns are answered, and when: at once, or when the client asks.

On most wires the ears end a turn and it is answered. A client that takes turns itself
(:mod:`server.wires.realtime`) may end them, ask for the answers, or type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from server.wires.events import Ask, TurnTaking
from voice_agent.contracts import UserTurn
from voice_agent.listen.events import TurnEnded

NOTHING = TurnEnded(UserTurn(text=""), endpoint_ms=0.0, recognise_ms=0.0)


class Turns:
    """One caller's turns. ``tell`` is told of each that is over; ``answer`` of what to answer, or
    of None where the client asks and there is nothing, with whether to do it in silence."""

    def __init__(
        self,
        tell: Callable[[TurnEnded], None],
        answer: Callable[[TurnEnded | None, bool], None],
    ) -> None:
        self.taking = TurnTaking()
        self.silent = False  # answers that nobody asks for are text alone
        self._tell, self._answer = tell, answer
        self._heard: list[TurnEnded] = []  # since the client's last commit
        self._waiting: list[TurnEnded] = []  # over, and not answered yet
        self._flushing = 0  # commits that the ears have not come to yet
        self._asked: Ask | None = None

    def ended(self, turn: TurnEnded) -> None:
        """The ears say that a turn is over."""
        if not self.taking.hears:
            self._heard.append(turn)
            return
        self._tell(turn)
        if self.taking.answers:
            self._answer(turn, self.silent)
        else:
            self._waiting.append(turn)

    def commit(self) -> None:
        """The client says that the turn is over; the ears are given silence to finish it."""
        self._flushing += 1

    def flushed(self) -> None:
        """The ears have heard all that came before a commit."""
        self._flushing -= 1
        if not self.taking.hears:
            turn = joined(self._heard)
            self._heard = []
            self._tell(turn)
            self._waiting.append(turn)
        if self._asked is not None and not self._flushing:
            self._answer_all(self._asked)

    def discard(self) -> None:
        """What was said since the last commit was not meant."""
        self._heard = []

    def ask(self, wish: Ask) -> None:
        """The client wants an answer, once everything that it committed is heard."""
        if self._flushing:
            self._asked = wish
        else:
            self._answer_all(wish)

    def _answer_all(self, wish: Ask) -> None:
        turns, self._waiting, self._asked = self._waiting, [], None
        if wish.text:
            turns.append(replace(NOTHING, turn=UserTurn(text=wish.text)))
        self._answer(joined(turns) if turns else None, wish.silent)


def joined(turns: Sequence[TurnEnded]) -> TurnEnded:
    """Turns that are answered as one: all their words, from the first start to the last end."""
    if not turns:
        return NOTHING
    first, last = turns[0].turn, turns[-1].turn
    text = " ".join(turn.turn.text for turn in turns if turn.turn.text)
    return replace(turns[-1], turn=replace(last, text=text, t_start=first.t_start))
