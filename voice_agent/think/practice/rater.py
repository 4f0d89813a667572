"""Grades one rehearsed line on the seven skills: a learnt head where there is one, rules without.

The head's labels are "skill:level"; each skill's level is the likeliest of its own three.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from voice_agent.think.heads import Floats, Head, terms_of
from voice_agent.think.practice.signals import signals
from voice_agent.think.practice.skills import Level, Skill
from voice_agent.think.prototypes import Embed, Vectors
from voice_agent.think.words import hear

logger = logging.getLogger(__name__)
LABELS = tuple(f"{skill}:{level}" for skill in Skill for level in Level)


@dataclass(frozen=True)
class Rater:
    """Shared and immutable. Without ``head`` or ``embed`` it grades by rules."""

    head: Head | None = None
    embed: Embed | None = None

    def rate(self, text: str) -> dict[Skill, Level]:
        """The level of each skill in one line."""
        if self.head is None or self.embed is None or not text.strip():
            return rule_ratings(text)
        try:
            odds = self.head.probabilities(line_features(self.head, text, self.embed([text])[0]))
        except Exception:
            logger.exception("the learnt rater failed on a line; rules grade it")
            return rule_ratings(text)
        best = odds.reshape(len(Skill), len(Level)).argmax(axis=1)
        return {skill: list(Level)[n] for skill, n in zip(Skill, best, strict=True)}


def line_features(head: Head, text: str, vector: Vectors) -> Floats:
    """What the head looks at in one line: its vector [384], its words, its signals."""
    heard = hear(text)
    return head.recipe.features(vector, terms_of(heard.text), signals(text, heard))


def rule_ratings(text: str) -> dict[Skill, Level]:
    """The level of each skill by cues alone."""
    found = signals(text)

    def hits(*names: str) -> int:
        return round(3 * sum(found.get(name, 0.0) for name in names))

    attack, drift, gives_up = hits("attack"), hits("drift"), hits("gives_up")
    threat, apology = hits("threat"), hits("apology")
    soft = hits("ask_soft", "hedge", "fillers") + apology
    facts = hits("fact_time", "fact_count") + min(1, hits("fact_deed"))
    asks = hits("ask")
    return {
        Skill.DESCRIBE: _level(facts >= 2 and not hits("vague"), facts or hits("vague")),
        Skill.EXPRESS: _level(hits("feeling"), hits("blame_feeling")),
        Skill.ASSERT: _level(asks and soft < 2 and not gives_up, asks or hits("ask_soft")),
        Skill.REINFORCE: _level(hits("benefit") and not threat, threat),
        Skill.MINDFUL: _level(
            not (attack or drift or threat or gives_up or soft > 1), not (attack or gives_up)
        ),
        Skill.APPEAR_CONFIDENT: _level(
            not (soft or attack or threat or gives_up), not (apology or gives_up)
        ),
        Skill.NEGOTIATE: _level(hits("other_way") and not hits("caves"), hits("caves")),
    }


def _level(strong: object, weak: object) -> Level:
    return Level.STRONG if strong else Level.WEAK if weak else Level.NONE
