"""Caller speech as plain lower-case words: the text every phrase rule is matched against.

Spoken style is evened out here once, so that the rules can stay short: contractions and reductions
are spelled out ("wanna" -> "want to"), fillers and stutters go, and words that recognisers are
known to mishear are repaired ("sue a side" -> "suicide"). All tables are in ``data/guard/speech``.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache

from voice_agent.think.tables import table

_STOP = re.compile(r"\s*[.!?;:]+\s*")
_COMMA = re.compile(r"\s*,\s*|\s+-+\s+")
_STUTTER = re.compile(r"\b(\w+(?: \w+)?)(?: \1\b)+")
_CLAUSE_WORD = re.compile(r"\b(?:but|because|although|though|whereas|and then|and so|and i|so i)\b")


@dataclass(frozen=True)
class Heard:
    """Evened-out speech. ``text`` holds words, single spaces and `` . `` at sentence ends.

    ``breaks`` are the character positions where a new clause may begin (commas of the original,
    sentence ends, "but", "because" ...), in rising order.
    """

    text: str
    breaks: tuple[int, ...]

    def clause(self, start: int, end: int) -> tuple[int, int]:
        """Character span of the clause around ``text[start:end]``."""
        before = bisect_right(self.breaks, start)
        after = bisect_left(self.breaks, end)
        left = self.breaks[before - 1] if before else 0
        right = self.breaks[after] if after < len(self.breaks) else len(self.text)
        return left, right

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """Character span of the sentence around ``text[start:end]``."""
        left = self.text.rfind(" . ", 0, start)
        right = self.text.find(" . ", end)
        return (left + 3 if left >= 0 else 0), (right if right >= 0 else len(self.text))


@cache
def _compiled(section: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    pairs = table("guard/speech")[section]
    return tuple((re.compile(rf"\b(?:{old})\b"), new) for old, new in pairs)


def _rewrite(text: str, section: str) -> str:
    for pattern, new in _compiled(section):
        text = pattern.sub(new, text)
    return text


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'").replace("\u2018", "'")
    text = _STOP.sub(" . ", text.lower())
    text = _COMMA.sub(" , ", text)
    text = re.sub(r"[^a-z0-9',. ]+", " ", text)
    return re.sub(r"\s+", " ", text).strip()


def hear(text: str) -> Heard:
    """Even out one caller turn (any string, also empty) for rule matching."""
    text = _rewrite(_plain(text), "spellings")
    text = re.sub(r"'s\b|'", "", text)
    text = _rewrite(text, "fillers")
    text = re.sub(r"\s+", " ", re.sub(r"(?:\. )(?:[., ]+)", ". ", text))
    text = _STUTTER.sub(r"\1", text)
    return _with_breaks(text.strip(" ,."))


def _with_breaks(text: str) -> Heard:
    """Drop commas (callers pause anywhere) but remember where they were."""
    pieces = [piece.strip() for piece in text.split(",")]
    pieces = [piece for piece in pieces if piece]
    starts, length = [], 0
    for piece in pieces:
        starts.append(length)
        length += len(piece) + 1
    joined = _rewrite(" ".join(pieces), "mishearings")
    if len(joined) != max(0, length - 1):  # a repair moved the text: its commas are not kept
        starts = []
    stops = [match.end() for match in re.finditer(r" \. ", joined)]
    links = [match.start() for match in _CLAUSE_WORD.finditer(joined)]
    return Heard(joined, tuple(sorted({*starts, *stops, *links} - {0})))


def spaced(heard: Heard) -> str:
    """Evened-out speech with `` , `` where the caller paused inside a sentence."""
    text, cuts = heard.text, [n for n in heard.breaks if heard.text[n - 3 : n] != " . "]
    for cut in reversed(cuts):
        text = f"{text[:cut].rstrip()} , {text[cut:].lstrip()}"
    return text
