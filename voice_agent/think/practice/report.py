"""What came of a rehearsal: levels and ratings as JSON without the caller's words, and spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voice_agent.think.practice.feedback import Attempt
from voice_agent.think.practice.setting import Difficulty
from voice_agent.think.practice.skills import Level, Skill
from voice_agent.think.practice.wording import joined_names
from voice_agent.think.tables import table

MOST_NAMED = 2


@dataclass(frozen=True)
class Ratings10:
    """The caller's own ratings, 0-10: how strong the feeling, how sure; None where not given."""

    emotion: int | None = None
    confidence: int | None = None


@dataclass(frozen=True)
class PracticeReport:
    """``partner``: class of the played partner; ``agreed``: whether it said yes in the end."""

    partner: str
    difficulty: Difficulty
    before: Ratings10
    after: Ratings10
    attempts: Sequence[Attempt]
    agreed: bool

    @property
    def sent(self) -> list[Attempt]:
        """The lines that the partner heard."""
        return [attempt for attempt in self.attempts if attempt.sent]

    def as_json(self) -> dict[str, Any]:
        """Counts, levels and ratings; no words of the caller."""
        return {
            "partner": self.partner,
            "difficulty": self.difficulty.value,
            "before": vars(self.before),
            "after": vars(self.after),
            "attempts": len(self.attempts),
            "sent": len(self.sent),
            "agreed": self.agreed,
            "skills": {skill.value: self._trend(skill) for skill in Skill},
        }

    def _trend(self, skill: Skill) -> list[str]:
        return [attempt.ratings[skill].value for attempt in self.attempts]

    def spoken(self, who: str) -> str:
        """A short summary; ``who`` is the partner as named to the caller."""
        book = table("practice/talk")["report"]
        parts = [*self._skills(book), self._end(book, who), *self._felt(book), book["close"]]
        return " ".join(parts)

    def _skills(self, book: dict[str, str]) -> list[str]:
        if not self.attempts:
            return []
        first, lines = self.attempts[0].ratings, self.sent or self.attempts
        best = {skill: max(a.ratings[skill].rank for a in lines) for skill in Skill}
        strong = [s for s in Skill if best[s] == Level.STRONG.rank]
        grew = [s for s in strong if first[s] is not Level.STRONG]
        steady = [s for s in strong if s not in grew]
        said = []
        if steady or grew:
            praise = book["strong"].format(strong=_names(steady or grew))
            more = book["grew"].format(grew=_names(grew)) if steady and grew else ""
            said.append(f"{praise}, {more}." if more else f"{praise}.")
        weak = sorted((s for s in Skill if s not in strong), key=lambda skill: best[skill])
        if weak:
            said.append(book["missing"].format(missing=_names(weak[:1])))
        return said

    def _end(self, book: dict[str, str], who: str) -> str:
        words = book["agreed" if self.agreed else "open"]
        return words.format(Who=who[:1].upper() + who[1:])

    def _felt(self, book: dict[str, str]) -> list[str]:
        before, after = self.before, self.after
        if None in (before.emotion, after.emotion, before.confidence, after.confidence):
            return []
        felt = book["felt"].format(before=before.emotion, after=after.emotion)
        sure = book["sure"].format(before=before.confidence, after=after.confidence)
        return [f"{felt}, {sure}"]


def _names(skills: Sequence[Skill]) -> str:
    names = table("practice/talk")["names"]
    return joined_names([names[skill.value] for skill in skills[:MOST_NAMED]])
