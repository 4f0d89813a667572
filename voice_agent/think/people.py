"""People as callers name them, and the pronouns that fit them."""

from __future__ import annotations

from functools import cache

from voice_agent.think.tables import table

_MORE = "boss|manager|supervisor|partner|ex|friend|neighbor|teacher|doctor|landlord|roommate|cousin"


@cache
def genders() -> dict[str, str]:
    """Word for a person -> pronoun that fits."""
    book = table("understand/views")["pronouns"]
    return {word: pronoun for pronoun, words in book.items() for word in words}


@cache
def known_people() -> str:
    """A pattern for people as callers name them, on evened-out words."""
    words = "|".join(sorted(genders(), key=len, reverse=True))
    return rf"my (?:\w+ )?(?:{words}|{_MORE})|the (?:kids|children|boss|doctor|teacher|landlord)"
