"""How the crisis path takes one caller turn, with what was said before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from voice_agent.contracts import RiskLevel, RiskState
from voice_agent.evaluate.talks import CALLER, Talk
from voice_agent.think import Mind
from voice_agent.think.crisis import after_turn, answer_of, turn_level, weighed

# What an agent's line asks, where the data gives only its words.
_DYING = re.compile(
    r"suicid|kill(?:ing)? yourself|end(?:ing)? (?:your (?:own )?life|it)"
    r"|tak(?:e|ing) your (?:own )?life|not (?:being|wanting to be) (?:alive|here)"
    r"|(?:don.t|not) want to (?:be alive|live)"
    r"|thoughts? (?:of|about) (?:dying|death)|want(?:ing)? to die|about dying|staying alive"
    r"|jump(?:ing)? off|to die\b|die tonight",
    re.I,
)
_SOON = re.compile(r"\b(?:tonight|today|tomorrow|right now|about to|going to)\b", re.I)
_MEANS = re.compile(
    r"(?:gun|rifle|shotgun|pills|tablets|rope|knife|blade|it|them|what you.d (?:planned to )?use|"
    r"something|anything) (?:\w+ ){0,3}(?:with you|in the (?:house|car|shed|room)|near you|to hand|"
    r"there|ready|in front of you|on you)\b",
    re.I,
)
_PLAN = re.compile(r"\bhow you.?(?:d| would| might)|a way, or a time|planned how|a plan\b", re.I)


@dataclass(frozen=True)
class Heard:
    """``level`` that the turn itself shows ("none" to "imminent") and the ``evidence`` for it.
    ``watched``: the turn is not asked about by itself, but a second one like it would be."""

    level: str
    evidence: tuple[str, ...]
    watched: bool = False


def asked_in(text: str, state: RiskState) -> str:
    """What an agent's line asked: "ideation", "plan", "today", "means" or "".

    Plans and means are only asked about where thoughts of death are known: elsewhere "is there a
    plan?" speaks of something else.
    """
    if "?" not in text:
        return ""
    if _DYING.search(text):
        return "today" if _SOON.search(text) else "ideation"
    if state.level.rank < RiskLevel.HIGH.rank:
        return ""
    if _MEANS.search(text):
        return "means"
    if _PLAN.search(text):
        return "plan"
    return "today" if re.search(r"\b(?:do|doing) it\b", text, re.I) and _SOON.search(text) else ""


def hear_case(mind: Mind, context: Sequence[str], text: str) -> Heard:
    """The risk that ``text`` shows in the light of ``context``.

    Args:
        context: what was said before, oldest first, ending with the agent's last line. It raises
            the state as in a call, but an old alarm is not counted as this turn's.
    """
    state, asked, number = RiskState(), "", 0
    for behind, said in zip(range(len(context) - 1, -1, -1), context, strict=True):
        if behind % 2 == 0:
            asked = asked_in(said, state)
            continue
        number += 1
        answer = answer_of(said)
        alarm = weighed(state, mind.listen(said), answer, number)
        state = after_turn(state, alarm, asked, answer, number)
    answer = answer_of(text)
    alarm = weighed(state, mind.listen(text), answer, number + 1)
    level, _, why = turn_level(state, alarm, asked, answer)
    return Heard(level.value, why, alarm.watch)


def hear_talk(mind: Mind, talk: Talk) -> list[Heard]:
    """What is heard in each caller turn of a talk, in order.

    A turn that shows risk counts as heard when the call knows of it by then, from this turn or an
    earlier one: a disclosure is not forgotten. A harmless turn counts by itself.
    """
    state, asked, heard, number = RiskState(), "", [], 0
    for turn in talk.turns:
        if turn.who != CALLER:
            asked = asked_in(turn.text, state)
            continue
        number += 1
        answer = answer_of(turn.text)
        alarm = weighed(state, mind.listen(turn.text), answer, number)
        level, _, why = turn_level(state, alarm, asked, answer)
        state = after_turn(state, alarm, asked, answer, number)
        known = state.level if turn.risk not in ("", "none") else level
        heard.append(Heard(known.value, why, alarm.watch))
    return heard
