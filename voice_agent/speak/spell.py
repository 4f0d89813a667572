"""Written text as speakable words: numbers, signs, abbreviations; and cut in sentences."""

from __future__ import annotations

import re

from voice_agent.speak.numbers import cardinal, decimal, digits, ordinal

# Read digit by digit although they look like amounts: emergency numbers and crisis lines.
_SHORT_LINES = frozenset(("000", "100", "110", "111", "112", "113", "119", "911", "988", "999"))

_SPOKEN_SIGNS = {
    "&": " and ",
    "%": " percent ",
    "+": " plus ",
    "@": " at ",
    "=": " equals ",
    "/": " ",
}
_ABBREVIATIONS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "and so on",
    "vs.": "versus",
    "dr.": "doctor",
    "mr.": "mister",
    "mrs.": "missus",
    "ms.": "miz",
    "a.m.": "A M",
    "p.m.": "P M",
    "24/7": "twenty-four seven",
}
_ABBREVIATION = re.compile(
    r"(?<!\w)(?:" + "|".join(re.escape(short) for short in _ABBREVIATIONS) + r")(?!\w)", re.I
)
_LINE_NUMBER = re.compile(r"\d+(?:[ -]\d+)+|\d{5,}")  # "1-800-273-8255", "13 11 14", "741741"
_TIME = re.compile(r"\b(\d{1,2}):(\d{2})\b")
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b", re.I)
_AMOUNT = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+")


def sentences_of(text: str) -> list[str]:
    """``text`` in speakable sentences, in order; empty ones are left out."""
    spoken = spelled(text)
    return [part for part in _SENTENCE_END.split(spoken) if re.search(r"\w", part)]


def spelled(text: str) -> str:
    """``text`` with every number, sign and abbreviation as words."""
    text = text.replace("’", "'").replace("—", ", ").replace("–", ", ").replace("...", "…")
    text = _ABBREVIATION.sub(lambda found: _ABBREVIATIONS[found[0].lower()], text)
    text = _TIME.sub(_time, text)
    text = _ORDINAL.sub(lambda found: ordinal(int(found[1])), text)
    text = _LINE_NUMBER.sub(_line, text)
    text = _AMOUNT.sub(_amount, text)
    for sign, word in _SPOKEN_SIGNS.items():
        text = text.replace(sign, word)
    return " ".join(text.split())


def _line(found: re.Match[str]) -> str:
    """Digit by digit, with a short rest between groups."""
    return ", ".join(digits(group) for group in re.split(r"[ -]", found[0]))


def _amount(found: re.Match[str]) -> str:
    return digits(found[0]) if found[0] in _SHORT_LINES else decimal(found[0])


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    if not minute:
        return cardinal(hour)
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"
