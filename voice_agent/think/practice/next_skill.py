"""Which skill a situation calls for: a vote of the nearest written situations (after IMBUE)."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from codec.errors import SecoustiError
from voice_agent.think.practice.skills import Skill
from voice_agent.think.prototypes import Embed, Vectors

logger = logging.getLogger(__name__)

NEIGHBOURS = 5
USUAL = (Skill.ASSERT, Skill.DESCRIBE)  # where nothing can be compared


@dataclass(frozen=True)
class Known:
    """A written situation. ``skills``: what to begin with there, best first."""

    family: str
    text: str
    skills: tuple[Skill, ...]
    split: str


@cache
def known_situations() -> tuple[Known, ...]:
    """The packaged situations.

    Raises:
        SecoustiError: the file is missing or malformed.
    """
    place = resources.files("voice_agent").joinpath("data", "practice", "situations.jsonl")
    try:
        rows = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
        return tuple(
            Known(
                row["family"],
                row["situation"],
                tuple(Skill(name) for name in row["first"]),
                row["split"],
            )
            for row in rows
        )
    except (OSError, ValueError, KeyError) as fault:
        raise SecoustiError(
            f"The practice situations cannot be read ({fault}); they ship inside the package, so "
            "reinstall secousti."
        ) from fault


class SkillAdviser:
    """Shared by calls; the written situations are embedded at the first question."""

    def __init__(self, embed: Embed | None, known: tuple[Known, ...] | None = None) -> None:
        self._embed = embed
        self._known = known
        self._vectors: Vectors | None = None

    def skills_for(self, situation: str) -> tuple[Skill, ...]:
        """The skills to begin with, best first; never empty."""
        if self._embed is None or not situation.strip():
            return USUAL
        try:
            return self._nearest(situation, self._embed)
        except Exception:
            logger.exception("similar situations could not be looked up")
            return USUAL

    def _nearest(self, situation: str, embed: Embed) -> tuple[Skill, ...]:
        known = self._known or known_situations()
        if self._vectors is None:
            self._vectors = embed([one.text for one in known])
        closeness = self._vectors @ embed([situation])[0]
        votes: defaultdict[Skill, float] = defaultdict(float)
        for n in np.argsort(-closeness)[:NEIGHBOURS]:
            for place, skill in enumerate(known[n].skills):
                votes[skill] += max(0.0, float(closeness[n])) / (1 + place)
        return tuple(sorted(votes, key=lambda skill: -votes[skill])[:2]) or USUAL
