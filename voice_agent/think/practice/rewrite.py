"""One better version of a line, in the caller's own words, for one skill."""

from __future__ import annotations

import re
from functools import cache

from voice_agent.think.practice.setting import Setting
from voice_agent.think.practice.skills import Level, Skill
from voice_agent.think.practice.wording import sentence
from voice_agent.think.tables import table
from voice_agent.think.words import Heard, spaced

MOST_WORDS = 38  # of a rewrite: more cannot be kept in mind by ear
_NO_ASK = "I'd like us to find another way."
_BARE_FEELING = "It weighs on me."
_HANGING = re.compile(r"\b(?:but|and|so|if|because|or|to|the|a|my|just|i)$")


@cache
def _swaps(name: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(old), new) for old, new in table("practice/rewrite")[name])


def _swapped(text: str, name: str) -> str:
    for pattern, new in _swaps(name):
        text = pattern.sub(new, text)
    return re.sub(r"\s+", " ", text).strip()


def rewrite(skill: Skill, heard: Heard, level: Level, setting: Setting) -> str:
    """The line with this skill in it; never empty.

    Args:
        heard: the line, evened out. level: how the skill was used in it. setting: whose facts, ask
            and feeling may be put in.
    """
    said = plain(heard)
    ask = setting.ask or _NO_ASK
    feeling = f"I feel {setting.feeling}." if setting.feeling else _BARE_FEELING
    whole = {
        Skill.DESCRIBE: _with_fact(heard, said, setting),
        Skill.EXPRESS: f"{feeling} {said}",
        Skill.ASSERT: f"{_without_giving_up(heard)} {ask}",
        Skill.REINFORCE: f"{said} {_pick('benefit', setting)}",
        Skill.MINDFUL: f"{feeling} {ask}" if level is Level.NONE else ask,
        Skill.APPEAR_CONFIDENT: said if len(said.split()) > 3 else ask,
        Skill.NEGOTIATE: f"{said} {_pick('other_way', setting)}",
    }[skill].strip()
    return whole if len(whole.split()) <= MOST_WORDS else _short(skill, ask, feeling, setting)


def plain(heard: Heard) -> str:
    """The line without apologies and hedges, as spoken sentences."""
    kept = [_swapped(piece, "plain") for piece in spaced(heard).split(" . ")]
    pieces = [_HANGING.sub("", piece.strip(" ,")).strip(" ,") for piece in kept]
    return sentence(" . ".join(piece for piece in pieces if len(piece.split()) > 1))


def _with_fact(heard: Heard, said: str, setting: Setting) -> str:
    calm = _swapped(spaced(heard), "blame")
    if calm != spaced(heard):
        return sentence(_swapped(calm, "plain"))
    return f"{setting.fact} {said}" if setting.fact else f"This week it happened again. {said}"


def _without_giving_up(heard: Heard) -> str:
    """The facts and feelings of the line; what hints or gives in goes."""
    pieces = [
        piece
        for piece in heard.text.split(" . ")
        if not re.search(
            r"\b(?:maybe|perhaps|wondering|never mind|whatever|fine|okay|could|forget|guess)\b",
            piece,
        )
    ]
    return plain(Heard(" . ".join(pieces), ())) if pieces else ""


def _short(skill: Skill, ask: str, feeling: str, setting: Setting) -> str:
    """The ask with what was missing, where the whole line would be too long to keep in mind."""
    return {
        Skill.DESCRIBE: f"{setting.fact} {ask}",
        Skill.EXPRESS: f"{feeling} {ask}",
        Skill.REINFORCE: f"{ask} {_pick('benefit', setting)}",
        Skill.NEGOTIATE: f"{ask} {_pick('other_way', setting)}",
    }.get(skill, ask).strip()


def _pick(name: str, setting: Setting) -> str:
    book = table("practice/rewrite")[name]
    return str(book.get(setting.partner.kind, book.get("any", [""]))[0])
