"""How the crisis path takes one caller turn, with what was said before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from voice_agent.contracts import RiskState
from voice_agent.evaluate.talks import CALLER, Talk
from voice_agent.think import Mind
from voice_agent.think.crisis import after_turn, answer_of, turn_level

# What an agent's line asks, where the data gives only its words. First match wins.
_ASKS = (
    (
        "means",
        r"(?:have|got) (?:it|them|that|something|anything|what you)|to hand|(?:near|with) you",
    ),
    ("today", r"\b(?:today|tonight|right now|how soon)\b"),
    ("plan", r"\b(?:plan|how you(?:.d| would| might)|thought about how)\b"),
    (
        "ideation",
        r"suicid|kill(?:ing)? yourself|end(?:ing)? (?:your|it)|tak(?:e|ing) your (?:own )?life"
        r"|not (?:being|wanting to be) (?:alive|here)|thoughts? (?:of|about) (?:dying|death)"
        r"|want(?:ing)? to die|staying alive|hurt(?:ing)? yourself",
    ),
)


@dataclass(frozen=True)
class Heard:
    """``level`` that the turn itself shows ("none" to "imminent") and the ``evidence`` for it."""

    level: str
    evidence: tuple[str, ...]


def asked_in(text: str) -> str:
    """What an agent's line asked: "ideation", "plan", "today", "means" or ""."""
    if "?" not in text:
        return ""
    return next((name for name, pattern in _ASKS if re.search(pattern, text, re.I)), "")


def hear_case(mind: Mind, context: Sequence[str], text: str) -> Heard:
    """The risk that ``text`` shows in the light of ``context``.

    Args:
        context: what was said before, oldest first, ending with the agent's last line. It raises
            the state as in a call, but an old alarm is not counted as this turn's.
    """
    state, asked = RiskState(), ""
    for behind, said in zip(range(len(context) - 1, -1, -1), context, strict=True):
        if behind % 2 == 0:
            asked = asked_in(said)
            continue
        state = after_turn(state, mind.listen(said), asked, answer_of(said), 0)
    level, _, why = turn_level(state, mind.listen(text), asked, answer_of(text))
    return Heard(level.value, why)


def hear_talk(mind: Mind, talk: Talk) -> list[Heard]:
    """What is heard in each caller turn of a talk, in order.

    A turn that shows risk counts as heard when the call knows of it by then, from this turn or an
    earlier one: a disclosure is not forgotten. A harmless turn counts by itself.
    """
    state, asked, heard = RiskState(), "", []
    for number, turn in enumerate(talk.turns):
        if turn.who != CALLER:
            asked = asked_in(turn.text)
            continue
        alarm, answer = mind.listen(turn.text), answer_of(turn.text)
        level, _, why = turn_level(state, alarm, asked, answer)
        state = after_turn(state, alarm, asked, answer, number)
        known = state.level if turn.risk not in ("", "none") else level
        heard.append(Heard(known.value, why))
    return heard
