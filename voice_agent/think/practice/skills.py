"""The seven DEAR MAN skills of dialectical behaviour therapy, and how well a line uses one."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Skill(StrEnum):
    """In the order of the acronym. The last three but ``NEGOTIATE`` are how a thing is said."""

    DESCRIBE = "describe"  # what happened, in facts that both could have filmed
    EXPRESS = "express"  # the speaker's own feeling
    ASSERT = "assert"  # the ask, or the no, in plain words
    REINFORCE = "reinforce"  # what is in it for the other, or for both
    MINDFUL = "mindful"  # stays with the goal, is not drawn away, does not attack
    APPEAR_CONFIDENT = "appear_confident"  # no apology for asking, no hedge
    NEGOTIATE = "negotiate"  # offers or asks for another way


class Level(StrEnum):
    """How well one line uses one skill."""

    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"

    @property
    def rank(self) -> int:
        """0, 1 or 2."""
        return list(Level).index(self)


Ratings = Mapping[Skill, Level]
