"""Harsh verdicts on oneself or on what is to come, heard so that they can be looked at together.

Thinking traps are heard by their wording (:mod:`voice_agent.think.thinking`); a verdict is worded
in too many ways for that, so a turn is held against written examples of verdicts and of plain
telling.
"""

from __future__ import annotations

from voice_agent.think.prototypes import Embed, Vectors
from voice_agent.think.tables import table

NEAR = 0.4  # cosine with an example below which nothing is made of a turn
AHEAD = 0.04  # a verdict must be this much nearer than any plain telling


class VerdictReader:
    """Shared and immutable: one for all callers."""

    def __init__(self, embed: Embed) -> None:
        """Args:
        embed: texts -> float32 [N, 384], L2-normalised.
        """
        book = table("understand/harsh")
        self._verdicts, self._plain = embed(book["verdict"]), embed(book["plain"])  # [N, 384]

    def hears(self, vectors: Vectors) -> bool:
        """Whether any of a turn's sentences, [S, 384], is a verdict."""
        near = (vectors @ self._verdicts.T).max(axis=1)  # [S]
        ahead = near - (vectors @ self._plain.T).max(axis=1)
        return bool(((near >= NEAR) & (ahead >= AHEAD)).any())
