"""Crisis and boundary cues in five more languages, on the caller's own words.

The English rules meet evened-out speech; these are phrase lists (``data/guard/languages`` and
``data/guard/boundary_languages``) that meet the turn as it was written down. They can only add: an
English turn matches none of them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from voice_agent.contracts import RiskLevel
from voice_agent.think.tables import table

_LEVELS = (RiskLevel.IMMINENT, RiskLevel.HIGH, RiskLevel.LOW)


@dataclass(frozen=True)
class _Tongue:
    """One language's lists. ``struck``: idioms and denials; ``told``: past deaths and stories;
    ``other``: somebody else is meant."""

    name: str
    struck: re.Pattern[str]
    told: re.Pattern[str]
    other: re.Pattern[str]
    levels: tuple[tuple[RiskLevel, re.Pattern[str]], ...]


def plain(text: str) -> str:
    """A turn in lower case with one kind of apostrophe, accents and scripts kept."""
    text = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"\s+", " ", text.replace("\u2019", "'")).strip()


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


@cache
def _tongues() -> tuple[_Tongue, ...]:
    return tuple(
        _Tongue(
            name,
            _any(lists["struck"]),
            _any(lists["told"]),
            _any(lists["other"]),
            tuple((level, _any(lists[level.value])) for level in _LEVELS),
        )
        for name, lists in table("guard/languages")["crisis"].items()
    )


def foreign_crisis(text: str) -> tuple[RiskLevel, str]:
    """The gravest level that a phrase of another language gives, and its id; NONE and ""."""
    said = plain(text)
    found = [(_level(tongue, said), tongue.name) for tongue in _tongues()]
    level, name = max(found, key=lambda hit: hit[0].rank)
    return (level, f"{name}:{level.value}") if level is not RiskLevel.NONE else (level, "")


def _level(tongue: _Tongue, said: str) -> RiskLevel:
    if tongue.told.search(said):
        return RiskLevel.NONE
    left = tongue.struck.sub("_", said)
    heard = next((level for level, heard in tongue.levels if heard.search(left)), RiskLevel.NONE)
    if heard is RiskLevel.HIGH and tongue.other.search(left):
        return RiskLevel.LOW
    return heard


@cache
def _boundary() -> tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]:
    return tuple(
        (name, tuple(entry["say"]), re.compile("|".join(entry["cues"])))
        for names in table("guard/boundary_languages").values()
        for name, entry in names.items()
    )


def foreign_boundary(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Name and replies of the first boundary cue in another language, or None."""
    said = plain(text)
    hits = ((name, say) for name, say, pattern in _boundary() if pattern.search(said))
    return next(hits, None)
