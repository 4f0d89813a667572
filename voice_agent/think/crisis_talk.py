"""What is said in a crisis: fixed scripts, one step a turn, each with an id for pre-rendering.

Nothing here needs a model: given the risk state and the last answer, the next line is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from voice_agent.contracts import RiskLevel, RiskState
from voice_agent.think.crisis import Answer, guessed, says
from voice_agent.think.locale import Locale
from voice_agent.think.tables import table

CHECK_EVERY_TURNS = 4  # in a long high-risk call, ask again how the thoughts are
ASK_AGAIN_TURNS = 4  # a new hint this long after the last direct question is asked about again
ASK_DENIED_AGAIN_TURNS = 8  # ... and where that question was answered with a no
START_OVER_TURNS = 6  # a new disclosure this long after the steps began is asked through again


@dataclass(frozen=True)
class Line:
    """One script line. ``asks``: what a yes to it would mean; ``resource``: key or ""."""

    id: str
    text: str
    asks: str = ""
    resource: str = ""


def script_lines(locale: Locale) -> Iterator[Line]:
    """Every line of every script for one locale, for rendering ahead of calls."""
    for category, levels in table("scripts/crisis").items():
        for level, script in levels.items():
            for step in script["steps"]:
                yield from _variants(locale, category, level, step)
            for kind in ("stay", "check"):
                yield from _pool(locale, category, level, kind)


def crisis_scripts(code: str) -> dict[str, str]:
    """Text of every crisis script by id for one locale ("US"), for rendering ahead of calls.

    Raises:
        SecoustiError: there are no resources for the locale.
    """
    return {line.id: line.text for line in script_lines(Locale.load(code))}


def _variants(locale: Locale, category: str, level: str, step: dict[str, Any]) -> list[Line]:
    return [
        _line(locale, category, level, step, key, n)
        for key in ("say", "say_yes", "say_no", "say_again")
        for n in range(len(step.get(key, ())))
    ]


def _line(
    locale: Locale, category: str, level: str, step: dict[str, Any], key: str, n: int
) -> Line:
    gives = step.get("gives", "")
    resource = locale.resource(gives, category) if gives and key != "say_again" else ""
    text = locale.fill(step[key][n], category)
    name = f"{locale.code}/{category}/{level}/{step['key']}/{key}/{n + 1}"
    asks = step.get("asks_no", step["asks"]) if key == "say_no" else step["asks"]
    return Line(name, text, asks, resource)


def _pool(locale: Locale, category: str, level: str, kind: str) -> list[Line]:
    asks = "ideation" if kind == "check" else ""
    return [
        Line(f"{locale.code}/{category}/{level}/{kind}/{n + 1}", locale.fill(text, category), asks)
        for n, text in enumerate(table("scripts/crisis")[category][level].get(kind, ()))
    ]


class CrisisTalk:
    """The crisis side of one call: which steps have been said, what is still open."""

    def __init__(self, locale: Locale, *, returning: bool = False) -> None:
        self.asked = ""  # what the last line asked, so that a bare "yes" can be understood
        self._locale = locale
        self._returning = returning
        self._step: dict[str, int] = {}
        self._began: dict[str, int] = {}
        self._said: dict[str, int] = {}  # line id -> how often
        self._asked_turn = -100
        self._spoke_turn = -100

    def line(
        self, state: RiskState, text: str, answer: Answer, turn: int, *, fresh: bool
    ) -> Line | None:
        """The line to say now, or None where the ordinary conversation may go on.

        Args:
            state: risk after this turn. text: the caller's words. answer: to the last question.
            fresh: whether this turn brought new evidence.
        """
        line = self._choose(state, text, answer, turn, fresh)
        self.asked = line.asks if line else ""
        if line:
            self._said[line.id] = self._said.get(line.id, 0) + 1
            self._spoke_turn = turn
            self._asked_turn = turn if line.asks == "ideation" else self._asked_turn
        return line

    def unsay(self, line_id: str) -> None:
        """The caller did not hear this line: its question is not open."""
        if self._said.get(line_id):
            self._said[line_id] -= 1
            self.asked = ""

    def farewell(self, state: RiskState) -> Line:
        """Said when a caller at risk wants to go: never a refusal, never the end of the call."""
        return self._from_step("any", "goodbye", 0, Answer.UNCLEAR, state)

    def _choose(
        self, state: RiskState, text: str, answer: Answer, turn: int, fresh: bool
    ) -> Line | None:
        if state.level is RiskLevel.NONE:
            return None
        if says("repeat", text):
            return self._from_step("any", "repeat", 0, answer, state)
        if state.level.rank >= RiskLevel.HIGH.rank and says("safer", text):
            return self._from_step("any", "safer", 0, answer, state)
        if self._returning and not fresh:
            self._returning = False
            self._step["suicidal_ideation/low"] = 1  # asked by this very line
            return self._from_step("returning", "low", 0, answer, state)
        self._returning = False
        if state.level is RiskLevel.LOW or guessed(state):
            return self._watch(state, answer, turn, fresh)
        return self._grave(state, answer, turn, fresh)

    def _watch(self, state: RiskState, answer: Answer, turn: int, fresh: bool) -> Line | None:
        name, steps = self._script(state)
        done = self._step.get(name, 0)
        if done >= len(steps):
            pause = ASK_DENIED_AGAIN_TURNS if state.denied else ASK_AGAIN_TURNS
            if not fresh or turn - self._asked_turn < pause:
                return None
            done = 0
        asked_and_unheard = steps[min(done, len(steps) - 1)]["key"] == "hear"
        if asked_and_unheard and self.asked != "ideation":
            return None
        return self._advance(name, done, answer, state)

    def _grave(self, state: RiskState, answer: Answer, turn: int, fresh: bool) -> Line | None:
        name, steps = self._script(state)
        done = self._step.get(name, 0)
        if done >= len(steps) and fresh and turn - self._began.get(name, turn) >= START_OVER_TURNS:
            done = 0
        if done < len(steps):
            if done == 0:
                self._began[name] = turn
            return self._advance(name, self._skip(steps, done, answer), answer, state)
        quiet = not fresh and state.calm_turns >= 2 and state.level is RiskLevel.HIGH
        if not quiet:
            return self._least_said(name, "stay")
        if turn - self._spoke_turn >= CHECK_EVERY_TURNS:
            return self._least_said(name, "check")
        return None

    def _skip(self, steps: list[dict[str, Any]], done: int, answer: Answer) -> int:
        """No plan, then no question about its means."""
        no_plan = self.asked == "plan" and answer is Answer.NO
        return done + 1 if no_plan and steps[done]["key"] == "means" else done

    def _script(self, state: RiskState) -> tuple[str, list[dict[str, Any]]]:
        """Name "category/level" and steps of the script for a state."""
        book = table("scripts/crisis")
        category = state.category
        level = RiskLevel.LOW.value if guessed(state) else state.level.value
        if state.level is RiskLevel.IMMINENT and "attempt_in_progress" in state.evidence:
            category = "attempt"
        if level not in book.get(category, {}):
            category = "suicidal_ideation"
        steps: list[dict[str, Any]] = book[category][level]["steps"]
        return f"{category}/{level}", steps

    def _advance(self, name: str, index: int, answer: Answer, state: RiskState) -> Line:
        self._step[name] = index + 1
        category, level = name.split("/")
        return self._from_step(category, level, index, answer, state)

    def _from_step(
        self, category: str, level: str, index: int, answer: Answer, state: RiskState
    ) -> Line:
        step = table("scripts/crisis")[category][level]["steps"][index]
        given = step.get("gives")
        known = bool(given) and self._locale.resource(given, category) in state.resources_given
        key = "say_again" if known and "say_again" in step else "say"
        if self.asked and f"say_{answer.value}" in step:
            key = f"say_{answer.value}"
        lines = [_line(self._locale, category, level, step, key, n) for n in range(len(step[key]))]
        return min(lines, key=lambda line: self._said.get(line.id, 0))

    def _least_said(self, name: str, kind: str) -> Line:
        category, level = name.split("/")
        lines = _pool(self._locale, category, level, kind) or _pool(
            self._locale, "suicidal_ideation", "high", kind
        )
        return min(lines, key=lambda line: self._said.get(line.id, 0))
