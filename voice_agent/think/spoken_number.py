"""Numbers as callers say them: "seven", "a six or so", "eighty percent", "7 out of 10"."""

from __future__ import annotations

import re

from voice_agent.think.words import Heard

_UNITS = {
    "zero": 0, "none": 0, "nil": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
    "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90, "hundred": 100,
}  # fmt: skip
_SCALE_WORDS = {"not at all": 0, "completely": 10, "totally": 10, "a hundred": 100, "half": 5}
_SPOKEN = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?: ({'|'.join(list(_UNITS)[3:12])}))?|({'|'.join(_UNITS)})|(\d+))\b"
)
_OUT_OF = re.compile(r"\bout of (?:ten|10|a hundred|100)\b|\bon (?:a|the) scale\b.*$")
_PERCENT = re.compile(r"\b(?:percent|out of (?:a hundred|100))\b")


def spoken_number(heard: Heard, most: int) -> int | None:
    """The first number in an evened-out turn, brought to the scale 0 to ``most``; None without one.

    What is said in percent of a scale to ten is divided by ten ("eighty percent" is 8), and a
    number above the scale is not taken.
    """
    words = _OUT_OF.sub("", heard.text)
    value = _first(words)
    if value is None:
        return next((n for w, n in _SCALE_WORDS.items() if re.search(rf"\b{w}\b", words)), None)
    if most == 10 and value > 10 and (_PERCENT.search(heard.text) or value <= 100):
        value = round(value / 10)
    return value if 0 <= value <= most else None


def _first(words: str) -> int | None:
    match = _SPOKEN.search(words)
    if match is None:
        return None
    tens, unit, alone, figures = match.groups()
    if tens:
        return _TENS[tens] + (_UNITS[unit] if unit else 0)
    return _UNITS[alone] if alone else int(figures)
