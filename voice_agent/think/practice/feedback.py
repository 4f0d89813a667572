"""What is said about a line before it is sent: what was strong, one thing to better, and how."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from voice_agent.think.practice.rewrite import rewrite
from voice_agent.think.practice.setting import Setting
from voice_agent.think.practice.skills import Level, Ratings, Skill
from voice_agent.think.practice.wording import joined_names
from voice_agent.think.tables import table
from voice_agent.think.words import Heard

MOST_PRAISED = 2
MOST_NAMED = 2  # times the same skill is asked for: after that it is the caller's choice
# What a talk needs first: an ask, a steady voice, no attack and no side road; then the rest.
_FIRST = (Skill.ASSERT, Skill.APPEAR_CONFIDENT, Skill.MINDFUL)
_THEN = (Skill.DESCRIBE, Skill.EXPRESS, Skill.REINFORCE, Skill.NEGOTIATE)
_PRAISED = (*_THEN[:1], Skill.EXPRESS, Skill.ASSERT, Skill.REINFORCE, Skill.NEGOTIATE)


@dataclass(frozen=True)
class Attempt:
    """One line with its grades. ``named``: the skill that was asked for; ``sent``: whether the
    partner heard it."""

    ratings: dict[Skill, Level]
    named: Skill | None = None
    sent: bool = False


def skill_to_better(
    ratings: Ratings, attempts: Sequence[Attempt], wanted: Sequence[Skill]
) -> Skill | None:
    """The one skill to ask for, or None where the line stands.

    Args:
        attempts: earlier lines of this rehearsal, oldest first. wanted: what this situation calls
            for, best first.
    """
    used = {s for a in attempts for s, level in a.ratings.items() if level is Level.STRONG}
    lost = [Skill.MINDFUL] if ratings[Skill.MINDFUL] is Level.NONE else []
    order = [*lost, *(s for s in _FIRST if ratings[s] is not Level.STRONG)]
    rest = dict.fromkeys((*wanted, *_THEN))
    order += [s for s in rest if s not in order and s not in used]
    for skill in order:
        named = sum(attempt.named is skill for attempt in attempts)
        if ratings[skill] is not Level.STRONG and named < MOST_NAMED:
            return skill
    return None


def spoken_feedback(
    heard: Heard,
    ratings: Ratings,
    skill: Skill | None,
    setting: Setting,
    last: Attempt | None,
    rng: random.Random,
) -> str:
    """Two short sentences and a question; ``last`` is the version of the line before, if any."""
    book = table("practice/talk")
    ending = book["steps"]["send_or_again"]
    if skill is None:
        return f"{rng.choice(book['feedback']['all_strong'])} {ending}"
    level = ratings[skill]
    why = book["why"][level.value][skill.value]
    tried = book["feedback"]["try"].format(rewrite=rewrite(skill, heard, level, setting))
    return f"{_praise(ratings, last, rng)} {why[:1].upper()}{why[1:]}. {tried} {ending}"


def _praise(ratings: Ratings, last: Attempt | None, rng: random.Random) -> str:
    book = table("practice/talk")
    grown = [s for s in Skill if last and ratings[s].rank > last.ratings[s].rank]
    strong = [s for s in _PRAISED if ratings[s] is Level.STRONG][:MOST_PRAISED]
    chosen = "better" if grown else "praise" if strong else "plain"
    names = joined_names([book["names"][skill.value] for skill in (grown or strong)[:MOST_PRAISED]])
    words: str = rng.choice(book["feedback"][chosen])
    return words.format(strong=names, Strong=names[:1].upper() + names[1:])
