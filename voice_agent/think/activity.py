"""Something caller and agent do together for a while: an exercise, a practised talk.

A conversation has at most one. In a turn the crisis path comes first, then boundaries and goodbyes,
then the activity, then ordinary support. A crisis interrupts it at once, and it comes back only if
the caller asks. The caller may pause it, leave it and return to it at any time.

The rest of the house knows no particular activity: kinds of them are listed in
:mod:`voice_agent.think.activities`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from voice_agent.contracts import Mode, RiskLevel, Stage, Strategy, ThinkingRecord, UserTurn
from voice_agent.think.attempt import attempt
from voice_agent.think.crisis import Answer
from voice_agent.think.tables import table
from voice_agent.think.understand import Insight
from voice_agent.think.words import Heard

TURNS_BETWEEN_OFFERS = 5
TURNS_ELSEWHERE = 2  # support replies before a caller who turned to something else is asked back
MOST_REFUSALS = 2  # after so many the agent offers nothing by itself


@dataclass(frozen=True)
class Moment:
    """One understood caller turn, as an activity sees it."""

    turn: UserTurn
    number: int  # of the turn in the call
    insight: Insight
    thinking: ThinkingRecord
    stage: Stage

    @property
    def heard(self) -> Heard:
        """The caller's words evened out, for rules."""
        return self.insight.heard


@dataclass(frozen=True)
class Move:
    """What is said next; with ``over`` the activity ends with these words.

    ``raises``: what was learnt means danger, and the crisis path answers instead.
    ``offers``: the words offer this other kind, which begins if the caller says yes.
    """

    text: str
    strategy: Strategy = Strategy.QUESTION
    mode: Mode = Mode.SUPPORT
    over: bool = False
    raises: RiskLevel | None = None
    offers: str | None = None


class Activity(Protocol):
    """One activity under way. Not shared between calls."""

    @property
    def kind(self) -> str:
        """Name of its kind."""

    @property
    def rehearsing(self) -> bool:
        """Whether the caller's words are meant for somebody else just now: they are no facts about
        the caller, no cue to us, and only plain commands stop or pause it."""

    def begin(self) -> Move:
        """The first words."""

    def take(self, moment: Moment) -> Move | None:
        """The answer to a caller turn; None lets ordinary support answer, and it goes on after."""

    def again(self) -> Move:
        """Where it stood, said again after a pause."""

    def state(self) -> dict[str, Any]:
        """All of it as plain JSON, for :meth:`Kind.restore`."""

    def outcome(self) -> dict[str, Any]:
        """What came of it, for the session report: counts and names, no words of the caller."""


class Kind(Protocol):
    """A kind of activity: when it is asked for, when it may be offered, how one is made."""

    @property
    def name(self) -> str:
        """Unique among the kinds, such as ``thought_record``."""

    def asked_for(self, heard: Heard) -> bool:
        """Whether the caller asks for this by name."""

    def offer(self, moment: Moment) -> str | None:
        """A yes-or-no question that offers it, or None where it does not fit now."""

    def make(self, moment: Moment) -> Activity:
        """A new one, not begun."""

    def restore(self, state: dict[str, Any]) -> Activity:
        """One as it was; raises ``KeyError`` or ``ValueError`` for a foreign state."""


class Activities:
    """The activities of one call: which is under way, paused, offered, refused."""

    def __init__(self, kinds: Sequence[Kind], rng: random.Random) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._rng = rng
        self.current: Activity | None = None
        self.paused: Activity | None = None
        self._offered: tuple[str, int] | None = None  # kind, turn it was offered in
        self._last_offer = -TURNS_BETWEEN_OFFERS
        self._refused: list[str] = []
        self._tried: list[str] = []
        self._elsewhere: int | None = None  # turn in which the caller turned to something else
        self.outcomes: list[dict[str, Any]] = []

    @property
    def rehearsing(self) -> bool:
        """Whether the caller is speaking to somebody that an activity plays."""
        return self.current is not None and self.current.rehearsing

    def take(self, moment: Moment) -> Move | None:
        """The activity's answer to a turn; None where ordinary support should answer."""
        offered = self._open_offer(moment.number)
        if self.current is not None:
            return self._go_on(self.current, moment)
        if offered is not None and says("accept", moment.heard):
            return self._accept(offered, moment)
        asked = next((k for k in self._kinds.values() if k.asked_for(moment.heard)), None)
        if self.paused is not None and (asked is None or asked.name == self.paused.kind):
            if asked is not None or says("resume", moment.heard):
                return self._resume(self.paused)
        elif asked is not None:
            return self._start(asked, moment)
        if offered is not None and moment.insight.answer is Answer.NO:
            declined = self._decline(offered)
            asks_for_more = moment.insight.record.consent  # "no, but what can I do?" is answered
            return None if asks_for_more else declined
        return None

    def offer(self, moment: Moment) -> Move | None:
        """An offer where one fits; seldom, and each kind once: what was passed over stays so."""
        early = moment.number - self._last_offer < TURNS_BETWEEN_OFFERS
        if self.current is not None or len(self._refused) >= MOST_REFUSALS:
            return None
        if self.paused is not None:
            return self._ask_back(self.paused, moment.number)
        if early:
            return None
        for name, kind in self._kinds.items():
            question = None if name in self._tried else kind.offer(moment)
            if question:
                self._tried.append(name)
                self._offered, self._last_offer = (name, moment.number), moment.number
                return Move(question)
        return None

    def interrupt(self) -> None:
        """Something graver has come: what was under way rests, and no offer stands."""
        if self.current is not None:
            self.paused, self.current = self.current, None
        self._offered = self._elsewhere = None

    def report(self) -> tuple[dict[str, Any], ...]:
        """What came of each so far, also of what is still open: names and counts, no words."""
        still = [activity for activity in (self.current, self.paused) if activity is not None]
        ended = [dict(outcome) for outcome in self.outcomes]
        return (*ended, *({"kind": a.kind, **a.outcome(), "ended": "open"} for a in still))

    def state(self) -> dict[str, Any]:
        """Plain JSON for :meth:`restore`."""
        return {
            "current": _saved(self.current),
            "paused": _saved(self.paused),
            "offered": list(self._offered) if self._offered else None,
            "last_offer": self._last_offer,
            "refused": self._refused,
            "tried": self._tried,
            "elsewhere": self._elsewhere,
            "outcomes": self.outcomes,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on where :meth:`state` was taken; an activity of an unknown kind is dropped."""
        self.current, self.paused = self._made(state["current"]), self._made(state["paused"])
        self._offered = tuple(state["offered"]) if state["offered"] else None
        self._last_offer = state["last_offer"]
        self._refused, self._tried = list(state["refused"]), list(state["tried"])
        self._elsewhere = state["elsewhere"]
        self.outcomes = list(state["outcomes"])

    def take_up(self, state: dict[str, Any] | None, *, calm: bool) -> str:
        """Takes up what was under way in a call that broke off: it rests, and comes back on a yes.

        Args:
            state: of :meth:`state`, or None. calm: without danger it is offered again at once.

        Returns:
            The words that offer it, or "". A state that cannot be read is a line in the log.
        """
        if state is None or attempt("an activity's state", lambda: self._was(state)) is None:
            return ""
        self.interrupt()
        self._last_offer = -TURNS_BETWEEN_OFFERS
        if self.paused is None or not calm:
            return ""
        self._offered = (self.paused.kind, -1)  # stands for the first turn
        return str(self._rng.choice(table("replies/activity")["broke_off"]))

    def _was(self, state: dict[str, Any]) -> bool:
        self.restore(state)
        return True

    # ------------------------------------------------------------------ steps

    def _open_offer(self, number: int) -> str | None:
        """The kind offered in the turn before this one; an offer stands for one turn only."""
        offered, self._offered = self._offered, None
        return offered[0] if offered and number == offered[1] + 1 else None

    def _go_on(self, activity: Activity, moment: Moment) -> Move | None:
        plain = "plain_" if activity.rehearsing else ""
        if says(f"{plain}leave", moment.heard):
            self._end(activity)
            return self._words("left")
        if says(f"{plain}pause", moment.heard):
            self.paused, self.current = activity, None
            return self._words("paused")
        if not plain and says("elsewhere", moment.heard):
            self.paused, self.current, self._elsewhere = activity, None, moment.number
            return None
        move = activity.take(moment)
        if move is not None and move.over:
            self._end(activity)
        if move is not None and move.offers in self._kinds:
            self._offered = (str(move.offers), moment.number)
        return move

    def _ask_back(self, activity: Activity, number: int) -> Move | None:
        """Once, some turns after the caller turned to something else."""
        if self._elsewhere is None or number - self._elsewhere < TURNS_ELSEWHERE:
            return None
        self._elsewhere, self._offered = None, (activity.kind, number)
        return self._words("ask_back")

    def _accept(self, offered: str, moment: Moment) -> Move:
        if self.paused is not None and self.paused.kind == offered:
            return self._resume(self.paused)
        return self._start(self._kinds[offered], moment)

    def _decline(self, offered: str) -> Move:
        self._refused.append(offered)
        if self.paused is not None and self.paused.kind == offered:
            self._end(self.paused)
        return self._words("declined")

    def _start(self, kind: Kind, moment: Moment) -> Move:
        self._tried.append(kind.name)
        self.current = kind.make(moment)
        return self.current.begin()

    def _resume(self, activity: Activity) -> Move:
        self.current, self.paused, self._elsewhere = activity, None, None
        move = activity.again()
        back = self._rng.choice(table("replies/activity")["back"])
        return Move(f"{back} {move.text}", move.strategy, move.mode)

    def _end(self, activity: Activity) -> None:
        self.outcomes.append({"kind": activity.kind, **activity.outcome()})
        if activity is self.paused:
            self.paused = None
        else:
            self.current = None

    def _words(self, name: str) -> Move:
        return Move(self._rng.choice(table("replies/activity")[name]), Strategy.OTHERS)

    def _made(self, saved: dict[str, Any] | None) -> Activity | None:
        if saved is None or saved["kind"] not in self._kinds:
            return None
        return self._kinds[saved["kind"]].restore(saved["state"])


def _saved(activity: Activity | None) -> dict[str, Any] | None:
    return None if activity is None else {"kind": activity.kind, "state": activity.state()}


def says(name: str, heard: Heard) -> bool:
    """Whether a turn holds one of the cues of ``data/understand/activity``, such as ``pause``.

    ``plain_pause`` and ``plain_leave`` are what counts while the caller speaks to somebody else.
    """
    return bool(_cue(name).search(heard.text))


@cache
def _cue(name: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{cue})" for cue in table("understand/activity")[name]))
