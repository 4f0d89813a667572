"""Exercises of cognitive behavioural therapy as spoken steps (Emohaa's template bot, by voice).

An exercise is data (``data/exercises``): steps with a question, what kind of answer is expected,
what to say to a thin one, and which answers the closing says back. Nobody is made to answer: what
is not known is asked once more in another way and then left open. Where answers grow heavy, it is
asked once whether to rest; a turn in which it gets worse ends the exercise, with the offer of a
calming one. It is practice, offered and never prescribed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from string import Formatter
from typing import Any

from voice_agent.contracts import Mode, Strategy
from voice_agent.think.activity import Moment, Move, says
from voice_agent.think.crisis import Answer
from voice_agent.think.paraphrase import said_back
from voice_agent.think.spoken_number import spoken_number
from voice_agent.think.tables import table

HIGHEST = 10  # of every number that is asked for
HEAVY_INTENSITY = 4  # from which an answer weighs, of 5
HEAVY_ANSWERS = 2  # in a row, before it is asked whether to rest
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Step:
    """One question.

    ``expects``: words, a plan ("I could ring her"), a number to ten, or just that it is done.
    ``more``: asked after a thin answer. ``met``: said to a full one, with ``{said}`` for its words.
    ``keep`` names the answer for the closing; ``least``: words of a full one.
    """

    id: str
    expects: str
    ask: tuple[str, ...]
    more: tuple[str, ...]
    met: tuple[str, ...]
    keep: str
    least: int


@dataclass(frozen=True)
class Course:
    """An exercise as it is written down.

    ``settles``: the kind that is offered where this one was too much, or "". ``closing``: the first
    one is said whose slots were all answered; the last has none.
    """

    name: str
    why: str
    settles: str
    closing: tuple[str, ...]
    steps: tuple[Step, ...]


class Exercise:
    """An exercise under way."""

    rehearsing = False  # the caller speaks to us

    def __init__(self, course: Course, rng: random.Random) -> None:
        self._about, self._rng = course, rng
        self._at = 0
        self._asked_again = False  # this step was asked a second time
        self._kept: dict[str, str] = {}
        self._last_words = ""
        self._answered = self._skipped = 0
        self._heavy = 0  # heavy answers in a row
        self._rest = ""  # whether to rest: "" not asked yet, "asked" just now, "went on"
        self._ended = "left"

    @property
    def kind(self) -> str:
        return self._about.name

    def begin(self) -> Move:
        """Why, and the first question."""
        return self._move(f"{self._words('start')} {self._about.why} {self._ask()}")

    def again(self) -> Move:
        """The question that is open."""
        return self._move(self._ask() if self._open else self._closing())

    def take(self, moment: Moment) -> Move | None:
        """What is said to an answer, and the next question."""
        heard = moment.heard
        if says("worse", heard) or (self._rest == "asked" and moment.insight.answer is Answer.YES):
            return self._stop()
        if self._rest == "asked":
            self._rest = "went on"
            return self.again()
        if not self._open:
            words = self._words("parting_none" if says("no_different", heard) else "parting")
            return self._move(words, over=True)
        step = self._about.steps[self._at]
        if says("why", heard):
            return self._move(f"{self._about.why} {self._ask()}")
        if says("skip", heard):
            return self._skip()
        if not self._full(step, moment):
            return self._ask_again(step)
        self._answered += 1
        said = said_back(heard, moment.turn.asr_conf, plan=step.expects == "plan")
        self._keep(step, moment, said)
        heavy = moment.insight.record.intensity >= HEAVY_INTENSITY and step.expects != "number"
        self._heavy = self._heavy + 1 if heavy else 0
        return self._on(self._meeting(step, said, heavy))

    def state(self) -> dict[str, Any]:
        """Plain JSON; the caller's own words are in ``kept``."""
        return {
            "at": self._at,
            "asked_again": self._asked_again,
            "kept": self._kept,
            "answered": self._answered,
            "skipped": self._skipped,
            "heavy": self._heavy,
            "rest": self._rest,
        }

    def take_up(self, state: dict[str, Any]) -> None:
        """Goes on from a state; raises ``ValueError`` for one of another exercise."""
        if not 0 <= state["at"] <= len(self._about.steps):
            raise ValueError(f"{self.kind} has no step {state['at']}")
        self._at, self._asked_again = state["at"], state["asked_again"]
        self._kept = dict(state["kept"])
        self._answered, self._skipped = state["answered"], state["skipped"]
        self._heavy, self._rest = state["heavy"], state["rest"]

    def outcome(self) -> dict[str, Any]:
        """How far it went: counts, no words."""
        return {"ended": self._ended, "answered": self._answered, "skipped": self._skipped}

    # ------------------------------------------------------------------ steps

    @property
    def _open(self) -> bool:
        """Whether a step is open; else the closing has been said and its answer is awaited."""
        return self._at < len(self._about.steps)

    def _full(self, step: Step, moment: Moment) -> bool:
        """Whether the turn answers the step, or has been asked for twice."""
        if step.expects == "done":
            return moment.insight.answer is not Answer.NO and not says("unsure", moment.heard)
        if moment.insight.at_a_loss or says("unsure", moment.heard):
            return False
        if step.expects == "number":
            return spoken_number(moment.heard, HIGHEST) is not None
        enough = len(moment.heard.text.split()) >= step.least
        return enough or (self._asked_again and bool(moment.heard.text.strip()))

    def _ask_again(self, step: Step) -> Move:
        if step.more and not self._asked_again:
            self._asked_again = True
            return self._move(self._rng.choice(step.more))
        return self._skip()

    def _skip(self) -> Move:
        self._skipped += 1
        return self._on(self._words("skipped"))

    def _on(self, said: str) -> Move:
        """The next question behind ``said``, the question whether to rest, or the closing."""
        self._at, self._asked_again = self._at + 1, False
        if not self._open:
            self._ended = "finished"
            return self._move(self._closing())
        if self._heavy >= HEAVY_ANSWERS and self._about.settles and not self._rest:
            self._rest = "asked"
            return self._move(self._words("rest"))
        return self._move(f"{said} {self._ask()}")

    def _stop(self) -> Move:
        """Too much: it ends, with the offer of something calming where there is something."""
        self._ended = "stopped"
        settles = self._about.settles
        words = self._words("worse_settle" if settles else "worse")
        return Move(words, Strategy.OTHERS, Mode.EXERCISE, over=True, offers=settles or None)

    def _meeting(self, step: Step, said: str | None, heavy: bool) -> str:
        """What meets an answer: with the caller's words where they may be said, if possible."""
        echoes = [met.format(said=said) for met in step.met if said and "{said}" in met]
        plain = [met for met in step.met if "{said}" not in met]
        if echoes or plain:
            return self._rng.choice(echoes or plain)
        return self._words("taken_heavy" if heavy else "taken")

    def _keep(self, step: Step, moment: Moment, said: str | None) -> None:
        if step.keep and step.expects == "number":
            self._kept[step.keep] = NUMBERS[spoken_number(moment.heard, HIGHEST) or 0]
        elif step.keep and said:
            self._kept[step.keep] = said

    def _closing(self) -> str:
        """The first closing whose words are all known; the last one needs none."""
        for closing in self._about.closing:
            if slots(closing) <= self._kept.keys():
                return closing.format(**self._kept)
        return self._about.closing[-1]

    def _ask(self) -> str:
        return self._rng.choice(self._about.steps[self._at].ask)

    def _words(self, name: str) -> str:
        fresh = [words for words in table("replies/activity")[name] if words != self._last_words]
        self._last_words = str(self._rng.choice(fresh))
        return self._last_words

    def _move(self, text: str, *, over: bool = False) -> Move:
        strategy = Strategy.QUESTION if "?" in text else Strategy.OTHERS
        return Move(text, strategy, Mode.EXERCISE, over)


def slots(text: str) -> set[str]:
    """Names of what a closing says back."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}
