"""Self-report scales by voice, for callers who want them and operators who allow them.

Off unless ``ThinkSettings.scales`` turns them on, never offered, only asked for. Items are read one
at a time and spoken answers understood; the total is told in the published words for such a score.
Nothing is concluded: a score is what somebody reported, not what they have. An answer to an item
about death goes to the crisis path at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from voice_agent.contracts import Mode, RiskLevel, Strategy
from voice_agent.think.activity import Moment, Move, says
from voice_agent.think.spoken_number import spoken_number
from voice_agent.think.words import Heard

GRAVE = 2  # from so far above the lowest answer about death, the risk is high


@dataclass(frozen=True)
class Total:
    """A sum over some items, counted from 1. ``bands``: (highest total, published word), rising.

    ``worth_a_talk``: from this total on, talking with a doctor is mentioned; None: never.
    """

    called: str
    items: tuple[int, ...]
    bands: tuple[tuple[int, str], ...]
    worth_a_talk: int | None

    def band(self, total: int) -> str | None:
        """The published word for a total; None where there are none."""
        return next((word for most, word in self.bands if total <= most), None)


@dataclass(frozen=True)
class Questionnaire:
    """A scale as it is written down. Every item is answered from ``lowest`` to ``highest``."""

    name: str
    called: str  # "the nine questions about mood"
    stem: str
    choices: str
    items: tuple[str, ...]
    answers: tuple[tuple[int, re.Pattern[str]], ...]  # spoken words for a score; first match wins
    lowest: int
    highest: int
    crisis_item: int  # counted from 1; 0: none
    totals: tuple[Total, ...]

    def score(self, heard: Heard) -> int | None:
        """A spoken answer as a number ("most days" is 2), or None."""
        for score, cue in self.answers:
            if cue.search(heard.text):
                return score
        number = spoken_number(heard, self.highest)
        return number if number is not None and number >= self.lowest else None


class Scale:
    """A scale under way; an answer of None was left open."""

    rehearsing = False  # the caller speaks to us

    def __init__(self, about: Questionnaire, answers: list[int | None] | None = None) -> None:
        self._about = about
        self._answers = answers or []
        self._asked_again = False

    @property
    def kind(self) -> str:
        return self._about.name

    def begin(self) -> Move:
        """What it is and is not, and the first item."""
        about = f"These are {self._about.called}, and no diagnosis. You can skip any of them."
        return self._move(f"{about} {self._whole_item()}")

    def again(self) -> Move:
        """The open item."""
        return self._move(self._whole_item())

    def take(self, moment: Moment) -> Move | None:
        """The next item, or the total."""
        if says("worse", moment.heard):
            return self._move("Then we leave the questions there. What do you need?", over=True)
        skipped = says("skip", moment.heard)
        answer = None if skipped else self._about.score(moment.heard)
        if answer is None and not skipped and not self._asked_again:
            self._asked_again = True
            return self._move(f"Which comes closest? {self._about.choices} You can also skip it.")
        self._asked_again = False
        self._answers.append(answer)
        over = len(self._answers) == len(self._about.items)
        text = self._told() if over else self._about.items[len(self._answers)]
        return self._move(text, over=over, raises=self._risk(answer))

    def state(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"answers": self._answers}

    def outcome(self) -> dict[str, Any]:
        """How many items were answered; a score is nobody's business but the caller's."""
        over = len(self._answers) == len(self._about.items)
        answered = sum(answer is not None for answer in self._answers)
        return {"ended": "finished" if over else "left", "answered": answered}

    def _whole_item(self) -> str:
        return f"{self._about.stem} {self._about.items[len(self._answers)]} {self._about.choices}"

    def _risk(self, answer: int | None) -> RiskLevel | None:
        """What the answer just given means, if its item asks about death."""
        above = 0 if answer is None else answer - self._about.lowest
        if len(self._answers) != self._about.crisis_item or above == 0:
            return None
        return RiskLevel.HIGH if above >= GRAVE else RiskLevel.LOW

    def _told(self) -> str:
        told = [self._sum(total) for total in self._about.totals]
        if None in told:
            return (
                "Some are left open, so there's no total, and that's fine. What stood out to you?"
            )
        said = " ".join(text for text, _ in filter(None, told))
        if any(grave for _, grave in filter(None, told)):
            advice = "People with such a score often find it worth talking with a doctor."
            return f"{said} It isn't a diagnosis. {advice}"
        return f"{said} It's a snapshot and no diagnosis. Does it fit how you feel?"

    def _sum(self, total: Total) -> tuple[str, bool] | None:
        """A total in words and whether it is worth a talk; None where an item was left open."""
        known = [a for n in total.items if (a := self._answers[n - 1]) is not None]
        if len(known) < len(total.items):
            return None
        value, most = sum(known), self._about.highest * len(total.items)
        word = total.band(value)
        ending = f", which the people who made it call {word}." if word else "."
        grave = total.worth_a_talk is not None and value >= total.worth_a_talk
        return f"{total.called} {value} of {most}{ending}", grave

    def _move(self, text: str, *, over: bool = False, raises: RiskLevel | None = None) -> Move:
        strategy = Strategy.QUESTION if "?" in text else Strategy.INFORMATION
        return Move(text, strategy, Mode.EXERCISE, over, raises)
