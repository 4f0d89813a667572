"""The played partner: its mood moves with how well the caller speaks, its words come from tables.

An endpoint may word the mood; it never chooses it, and what it says is checked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from voice_agent.contracts import RiskLevel
from voice_agent.think.endpoint import Message
from voice_agent.think.guard_in import guarded
from voice_agent.think.mi import sentences
from voice_agent.think.practice.setting import Difficulty, Setting
from voice_agent.think.practice.signals import signals
from voice_agent.think.practice.skills import Level, Ratings, Skill
from voice_agent.think.tables import table

Word = Callable[[list[Message]], str | None]  # an endpoint's words within its deadline, or None

MOST_REPLIES = 6  # then the talk ends, with or without a yes
MOST_WORDS = 30
# How much openness a strong use is worth, and how much the partner needs.
_WORTH = {
    Skill.ASSERT: 0.8,
    Skill.APPEAR_CONFIDENT: 0.4,
    Skill.DESCRIBE: 0.4,
    Skill.EXPRESS: 0.5,
    Skill.REINFORCE: 0.6,
    Skill.MINDFUL: 0.3,
    Skill.NEGOTIATE: 0.6,
}
_NEEDS = {Difficulty.EASY: 1.5, Difficulty.MEDIUM: 3.4, Difficulty.HARD: 5.6}
_RESISTS = {
    Difficulty.EASY: ("deflect",),
    Difficulty.MEDIUM: ("guilt", "deflect"),
    Difficulty.HARD: ("push", "guilt", "deflect"),
}
_ATTACKED = 1.2  # openness that an attack costs
_GRAVE = re.compile(r"\b(?:kill|die|dead|suicide|hurt yourself|hit you|beat you|knife|gun)\b", re.I)
_AI = re.compile(r"\b(?:ai|language model|assistant|role ?play|rehears\w+)\b", re.I)


@dataclass
class PlayedPartner:
    """One partner in one rehearsal. ``openness`` grows towards a yes."""

    setting: Setting
    openness: float = 0.0
    replies: int = 0
    used: set[Skill] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    mood: str = ""

    @property
    def over(self) -> bool:
        """Whether the talk has come to its end."""
        return self.mood in ("agree", "stay")

    def answer(self, line: str, ratings: Ratings, rng: random.Random, word: Word | None) -> str:
        """The partner's words to a line that was sent."""
        self._hear(ratings)
        self.replies += 1
        self.mood = self._mood(ratings)
        said = self._worded(line, word) or self._from_tables(rng)
        self.lines.append(said)
        return said

    def state(self) -> dict[str, Any]:
        """Plain JSON, without the setting."""
        return {
            "openness": self.openness,
            "replies": self.replies,
            "used": sorted(self.used),
            "lines": self.lines,
            "mood": self.mood,
        }

    @classmethod
    def restored(cls, setting: Setting, state: dict[str, Any]) -> PlayedPartner:
        """As it was when ``state`` was taken."""
        return cls(setting, **{**state, "used": {Skill(name) for name in state["used"]}})

    # ------------------------------------------------------------------ steps

    def _hear(self, ratings: Ratings) -> None:
        strong = {skill for skill in Skill if ratings[skill] is Level.STRONG}
        fresh = sum(worth * (1.0 if s not in self.used else 0.5) for s, worth in _WORTH.items()
                    if s in strong)  # fmt: skip
        cost = _ATTACKED if _attacks(ratings) else 0.0
        self.openness = max(0.0, self.openness + fresh - cost)
        self.used |= strong

    def _mood(self, ratings: Ratings) -> str:
        needs = _NEEDS[self.setting.difficulty]
        if _attacks(ratings):
            return "hurt"
        if ratings[Skill.APPEAR_CONFIDENT] is Level.NONE:
            return "walked"
        if Skill.ASSERT not in self.used and ratings[Skill.ASSERT] is Level.NONE:
            return "unclear"
        if self.openness >= needs:
            return "agree"
        if self.replies >= MOST_REPLIES:
            return "stay"
        if self.openness >= 0.8 * needs and self.mood == "soften":
            return "bargain"
        if self.openness >= 0.55 * needs:
            return "soften"
        if Skill.DESCRIBE not in self.used and self.mood not in ("facts", ""):
            return "facts"
        return self._resistance()

    def _resistance(self) -> str:
        moods = _RESISTS[self.setting.difficulty]
        if self.setting.manner and self.mood != self.setting.manner:
            return self.setting.manner
        others = [mood for mood in moods if mood != self.mood] or list(moods)
        return others[self.replies % len(others)]

    def _from_tables(self, rng: random.Random) -> str:
        book = table("practice/partners")[self.mood]
        own, common = book.get(self.setting.partner.kind, []), book["any"]
        fresh = [line for line in own if line not in self.lines]
        fresh = fresh or [line for line in common if line not in self.lines] or common
        return str(rng.choice(fresh))

    def _worded(self, line: str, word: Word | None) -> str | None:
        if word is None:
            return None
        prompt = table("practice/partners")["prompt"]
        system = prompt["system"].format(
            who=self.setting.partner.who,
            situation=self.setting.situation,
            goal=self.setting.goal,
            mood=prompt["moods"][self.mood],
        )
        said = word([
            {"role": "system", "content": system.strip()},
            *({"role": "assistant", "content": text} for text in self.lines[-1:]),
            {"role": "user", "content": line},
        ])  # fmt: skip
        return said if said and _fit(said) else None


def _attacks(ratings: Ratings) -> bool:
    """Whether a line goes for the person. Giving in is no attack: it takes itself back."""
    return ratings[Skill.MINDFUL] is Level.NONE is not ratings[Skill.APPEAR_CONFIDENT]


def _fit(said: str) -> bool:
    """Whether an endpoint's line may be spoken: short, not dangerous, no insult, in the role."""
    calm = guarded(said).level is RiskLevel.NONE and "attack" not in signals(said)
    return (
        len(said.split()) <= MOST_WORDS
        and len(sentences(said)) <= 2
        and calm
        and not _AI.search(said)
        and not _GRAVE.search(said)
    )
