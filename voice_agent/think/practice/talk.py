"""The rehearsal as an activity: setting, own ratings, lines with feedback, partner, own ratings."""

from __future__ import annotations

import random
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from voice_agent.contracts import Mode, Stage, Strategy
from voice_agent.think.activity import Moment, Move
from voice_agent.think.practice.feedback import Attempt, skill_to_better, spoken_feedback
from voice_agent.think.practice.next_skill import SkillAdviser
from voice_agent.think.practice.partner import PlayedPartner, Word
from voice_agent.think.practice.rater import Rater
from voice_agent.think.practice.report import PracticeReport, Ratings10
from voice_agent.think.practice.setting import (
    Difficulty,
    Partner,
    Setting,
    ask_of,
    difficulty_in,
    fact_of,
    manner_of,
    partner_in,
    somebody,
)
from voice_agent.think.practice.skills import Level, Skill
from voice_agent.think.spoken_number import spoken_number
from voice_agent.think.tables import table
from voice_agent.think.words import Heard

NAME = "practice"
SCALE = 10
SURE_WORDS = 0.6  # recogniser's confidence from which a caller's words are said back


@dataclass(frozen=True)
class Tools:
    """What every rehearsal shares. ``word``: an endpoint that words the partner, or None."""

    rater: Rater
    adviser: SkillAdviser
    word: Word | None = None


class Rehearsal:
    """One rehearsal. Its steps: who, situation, goal, difficulty, emotion, confidence, line,
    choice (send it or say it again), after_emotion, after_confidence."""

    kind = NAME

    def __init__(self, tools: Tools, setting: Setting | None, seed: int) -> None:
        """Args:
        setting: what is known already; None: nothing. seed: of the choice among equal wordings.
        """
        self._tools = tools
        self._setting = setting or Setting(somebody())
        self._step = "situation" if setting else "who"
        self._seed = seed
        self._rng = random.Random(seed)
        self._asked_again = False
        self._before, self._after = Ratings10(), Ratings10()
        self._wanted: tuple[Skill, ...] = ()
        self._attempts: list[Attempt] = []
        self._line = ""
        self._partner = PlayedPartner(self._setting)

    # ------------------------------------------------------------------ what an activity does

    @property
    def rehearsing(self) -> bool:
        """Whether the caller's next words are a line for the partner."""
        return self._step in ("line", "choice")

    def begin(self) -> Move:
        return self._move(_book()["begin"][self._step])

    def take(self, moment: Moment) -> Move | None:
        if self.rehearsing and _commands("done", moment.heard):
            return self._go("after_emotion")
        steps = {
            "who": self._take_who,
            "situation": self._take_situation,
            "goal": self._take_goal,
            "difficulty": self._take_difficulty,
            "line": self._take_line,
            "choice": self._take_choice,
        }
        return steps[self._step](moment) if self._step in steps else self._take_number(moment)

    def again(self) -> Move:
        if not self.rehearsing:
            return self._move(_book()["steps"][self._step])
        self._step = "line"
        if not self._partner.lines:
            return self._move(_book()["steps"]["line"], hint="")
        return self._move(_book()["back"]["line"], last=f'"{self._partner.lines[-1]}"')

    def state(self) -> dict[str, Any]:
        return {
            "setting": asdict(self._setting),
            "step": self._step,
            "seed": self._seed,
            "before": vars(self._before),
            "after": vars(self._after),
            "wanted": list(self._wanted),
            "attempts": [asdict(attempt) for attempt in self._attempts],
            "line": self._line,
            "partner": self._partner.state(),
        }

    @classmethod
    def restored(cls, tools: Tools, state: dict[str, Any]) -> Rehearsal:
        """As it was when ``state`` was taken.

        Raises:
            KeyError, ValueError: a foreign state.
        """
        kept = dict(state["setting"])
        kept["partner"] = Partner(**kept["partner"])
        setting = Setting(**{**kept, "difficulty": Difficulty(kept["difficulty"])})
        own = cls(tools, setting, state["seed"])
        own._step, own._line = state["step"], state["line"]
        own._before, own._after = Ratings10(**state["before"]), Ratings10(**state["after"])
        own._wanted = tuple(Skill(name) for name in state["wanted"])
        own._attempts = [_attempt(one) for one in state["attempts"]]
        own._partner = PlayedPartner.restored(setting, state["partner"])
        return own

    def outcome(self) -> dict[str, Any]:
        return self.report().as_json()

    def report(self) -> PracticeReport:
        """What came of it so far."""
        return PracticeReport(
            self._setting.partner.kind,
            self._setting.difficulty,
            self._before,
            self._after,
            tuple(self._attempts),
            agreed=self._partner.mood == "agree",
        )

    # ------------------------------------------------------------------ the setting

    def _take_who(self, moment: Moment) -> Move:
        self._set(partner=partner_in(moment.heard) or somebody())
        return self._go("situation")

    def _take_situation(self, moment: Moment) -> Move:
        fact = fact_of(moment.heard) if moment.turn.asr_conf >= SURE_WORDS else ""
        self._set(situation=moment.turn.text, fact=fact, manner=manner_of(moment.heard.text))
        self._feel(moment)
        self._wanted = self._tools.adviser.skills_for(moment.turn.text)
        return self._go("goal")

    def _take_goal(self, moment: Moment) -> Move:
        ask = ask_of(moment.heard) if moment.turn.asr_conf >= SURE_WORDS else ""
        manner = self._setting.manner or manner_of(moment.heard.text)
        self._set(goal=moment.turn.text, ask=ask, manner=manner)
        self._feel(moment)
        return self._go("difficulty")

    def _take_difficulty(self, moment: Moment) -> Move:
        self._set(difficulty=difficulty_in(moment.heard) or Difficulty.MEDIUM)
        return self._go("emotion")

    def _feel(self, moment: Moment) -> None:
        if moment.insight.feeling_said:
            self._set(feeling=moment.insight.feeling_said)

    def _set(self, **changes: Any) -> None:
        self._setting = replace(self._setting, **changes)
        self._partner.setting = self._setting

    # ------------------------------------------------------------------ the caller's own ratings

    def _take_number(self, moment: Moment) -> Move:
        """Asked for once more where there is no number; without one it goes on."""
        number = spoken_number(moment.heard, SCALE)
        if number is None and not self._asked_again:
            self._asked_again = True
            return self._move(_book()["steps"]["number"])
        self._asked_again = False
        if self._step == "emotion":
            self._before = replace(self._before, emotion=number)
            return self._go("confidence")
        if self._step == "confidence":
            self._before = replace(self._before, confidence=number)
            return self._go("line", hint=self._hint())
        if self._step == "after_emotion":
            self._after = replace(self._after, emotion=number)
            return self._go("after_confidence")
        self._after = replace(self._after, confidence=number)
        return self._end()

    def _hint(self) -> str:
        return str(_book()["hints"][self._wanted[0].value]) if self._wanted else ""

    # ------------------------------------------------------------------ lines

    def _take_line(self, moment: Moment) -> Move:
        ratings = self._tools.rater.rate(moment.turn.text)
        last = self._attempts[-1] if self._attempts and not self._attempts[-1].sent else None
        skill = skill_to_better(ratings, self._attempts, self._wanted)
        self._attempts.append(Attempt(ratings, skill))
        self._line, self._step = moment.turn.text, "choice"
        text = spoken_feedback(moment.heard, ratings, skill, self._setting, last, self._rng)
        return self._move(text)

    def _take_choice(self, moment: Moment) -> Move:
        """Send, again, or new words: those are a new version of the line."""
        if _commands("again", moment.heard):
            self._step = "line"
            return self._move(_book()["steps"]["again"])
        if not _commands("send", moment.heard):
            return self._take_line(moment)
        self._attempts[-1] = replace(self._attempts[-1], sent=True)
        said = self._partner.answer(
            self._line, self._attempts[-1].ratings, self._rng, self._tools.word
        )
        who = self._setting.partner.who
        spoken = f'As {who}: "{said}"'
        if self._partner.over:
            after = self._go("after_emotion")
            return replace(after, text=f"{spoken} {after.text}")
        self._step = "line"
        return self._move(f"{spoken} What do you say?")

    # ------------------------------------------------------------------ moving on

    def _go(self, step: str, **more: str) -> Move:
        self._step = step
        return self._move(_book()["steps"][step], **more)

    def _end(self) -> Move:
        move = self._move(self.report().spoken(self._setting.partner.who))
        return replace(move, over=True)

    def _move(self, text: str, **more: str) -> Move:
        words = text.replace("{who}", self._setting.partner.who)
        for name, value in more.items():
            words = words.replace("{" + name + "}", value)
        strategy = Strategy.QUESTION if words.rstrip().endswith("?") else Strategy.OTHERS
        return Move(words.strip(), strategy, Mode.PRACTICE)


class PracticeKind:
    """Asked for by name at any time; offered where a talk with somebody is being planned."""

    name = NAME

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def asked_for(self, heard: Heard) -> bool:
        return _hits("ask_cues", heard)

    def offer(self, moment: Moment) -> str | None:
        partner = partner_in(moment.heard)
        if partner is None or not _hits("plan_cues", moment.heard):
            return None
        if moment.stage is not Stage.ACTION and not _hits("at_a_loss", moment.heard):
            return None
        offers = _book()["offer"]
        return str(offers[moment.number % len(offers)]).replace("{who}", partner.who)

    def make(self, moment: Moment) -> Rehearsal:
        who = partner_in(moment.heard) or _known(moment)
        return Rehearsal(self._tools, Setting(who) if who else None, moment.number)

    def restore(self, state: dict[str, Any]) -> Rehearsal:
        return Rehearsal.restored(self._tools, state)


def _known(moment: Moment) -> Partner | None:
    """The one person of whom the caller has spoken, or None."""
    people = moment.thinking.facts.get("who", ())
    return (
        partner_in(Heard(f"my {people[0].removeprefix('your ')}", ())) if len(people) == 1 else None
    )


def _attempt(saved: dict[str, Any]) -> Attempt:
    levels = {Skill(skill): Level(level) for skill, level in saved["ratings"].items()}
    return Attempt(levels, Skill(saved["named"]) if saved["named"] else None, saved["sent"])


def _book() -> dict[str, Any]:
    return table("practice/talk")


def _hits(name: str, heard: Heard) -> bool:
    return any(re.search(cue, heard.text) for cue in _book()[name])


def _commands(name: str, heard: Heard) -> bool:
    return any(re.search(cue, heard.text) for cue in _book()["commands"][name])
