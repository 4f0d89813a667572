"""Crisis and boundary cues in five more languages, on the caller's own words.

The English rules meet evened-out speech; these are plain phrase lists (``data/guard/languages``)
that meet the turn as it was written down, and can only add: an English turn matches none of them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from voice_agent.contracts import RiskLevel
from voice_agent.think.tables import table


def plain(text: str) -> str:
    """A turn in lower case with one kind of apostrophe, accents and scripts kept."""
    text = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"\s+", " ", text.replace("\u2019", "'")).strip()


@cache
def _crisis() -> tuple[tuple[RiskLevel, str, re.Pattern[str]], ...]:
    book = table("guard/languages")["crisis"]
    return tuple(
        (level, f"{language}:{level.value}", re.compile("|".join(levels[level.value])))
        for language, levels in book.items()
        for level in reversed(RiskLevel)
        if level.value in levels
    )


def foreign_crisis(text: str) -> tuple[RiskLevel, str]:
    """The gravest level that a phrase of another language gives, and its id; NONE and ""."""
    said = plain(text)
    found = [(level, name) for level, name, pattern in _crisis() if pattern.search(said)]
    return max(found, key=lambda hit: hit[0].rank, default=(RiskLevel.NONE, ""))


@cache
def _boundary() -> tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]:
    book = table("guard/languages")["boundary"]
    return tuple(
        (name, tuple(entry["say"]), re.compile("|".join(entry["cues"])))
        for names in book.values()
        for name, entry in names.items()
    )


def foreign_boundary(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Name and replies of the first boundary cue in another language, or None."""
    said = plain(text)
    hits = ((name, say) for name, say, pattern in _boundary() if pattern.search(said))
    return next(hits, None)
