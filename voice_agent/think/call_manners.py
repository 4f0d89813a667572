"""What a call asks of a conversation beside its turns: words for silence and for the end of time,
and a second conversation to try an answer on while the caller may still go on."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Self

from voice_agent.contracts import Mode, Reply, RiskLevel, RiskState, Strategy
from voice_agent.think.dialogue import Dialogue
from voice_agent.think.duties import Duties, least_said
from voice_agent.think.locale import Locale
from voice_agent.think.mind import Mind
from voice_agent.think.tables import table
from voice_agent.think.unfinished import Unfinished

GRAVE = (Mode.CRISIS, Mode.HANDOFF)


class CallManners:
    """Mixed into :class:`~voice_agent.think.conversation.Conversation`."""

    risk: RiskState
    _mind: Mind
    _locale: Locale
    _duties: Duties
    _dialogue: Dialogue
    _rng: random.Random
    _replies: list[Reply]
    _say: Callable[..., Reply]
    rest: Unfinished | None

    def silent(self, count: int) -> Reply:
        """What is said into the ``count``-th long silence in a row, counted from 1.

        After the table's patience the call is ended kindly. Where there is risk nobody is ever hung
        up on: the line stays open, and says so in other words.
        """
        words = table("replies/call")
        if self.risk.level is not RiskLevel.NONE:
            return self._call_word(words["at_risk"], Mode.CRISIS)
        ends = count > int(words["patience"])
        return self._call_word(words["goodbye" if ends else "waiting"], end_call=ends)

    def closing(self, now: bool) -> Reply | None:
        """Says that the call ends in a few minutes, or ``now``; None where there is risk."""
        if self.risk.level is not RiskLevel.NONE:
            return None
        words = table("replies/call")["closing" if now else "closing_soon"]
        return self._call_word(words, end_call=now)

    def fork(self) -> Self:
        """A second conversation that stands where this one stands, and goes on by itself.

        So an answer can be prepared while the caller may still go on: :meth:`become` takes it,
        forgetting the fork takes nothing. A few milliseconds; the mind is shared, and replies keep
        their identity.
        """
        mind = self._mind
        shared = [mind, *vars(mind).values(), self._locale, self._duties.clock, *self._replies]
        shared += [self.rest]
        return copy.deepcopy(self, {id(part): part for part in shared})

    def become(self, fork: Self) -> Self:
        """Goes on from where ``fork`` stands; returns a conversation that stands where this did."""
        before = copy.copy(self)
        self.__dict__.update(fork.__dict__)
        return before

    def _call_word(
        self, texts: list[str], mode: Mode = Mode.SUPPORT, *, end_call: bool = False
    ) -> Reply:
        text = least_said(texts, self._dialogue.spoken, self._rng)
        return self._say(text, Strategy.OTHERS, mode, end_call=end_call)
