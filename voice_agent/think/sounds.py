"""Grave phrases by their sound: what a recogniser wrote down in other words ("under my life").

Runs of words whose phones lie near those of a phrase of ``data/guard/sounds`` are given back as
that phrase, before any rule looks. The rules' scope (who, when, denied, story) still weighs it.
Phones come from the pronouncing dictionary that the agent's voice carries; without it nothing is
mended.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from rapidfuzz.distance import Levenshtein

from codec.errors import SecoustiError
from voice_agent import assets
from voice_agent.speak.arpabet import phones_of
from voice_agent.think.tables import table
from voice_agent.think.words import Heard, hear

logger = logging.getLogger(__name__)

# Phones that recognisers take for each other: voiced for voiceless, neighbours of the vowel chart.
_ALIKE = (
    ("P", "B"), ("T", "D"), ("K", "G"), ("F", "V"), ("S", "Z", "TH", "DH"),
    ("SH", "ZH", "CH", "JH"), ("M", "N", "NG"), ("L", "R"), ("W", "Y", "HH"),
    ("IY", "IH"), ("EH", "EY", "AE"), ("AH", "ER", "UH"), ("AA", "AO", "OW"),
    ("UW",), ("AY",), ("AW",), ("OY",),
)  # fmt: skip
_KIND = {phone: chr(97 + n) for n, phones in enumerate(_ALIKE) for phone in phones}
_LETTER = {phone: chr(33 + n) for n, phone in enumerate(_KIND)}
MOST_PHONES_OFF = 2  # phones that a run may have more or fewer than a phrase
MOST_WORDS = 8  # of a run: the longest phrase has six


@dataclass(frozen=True)
class Sound:
    """Phones of a run of words, each one letter: as they are, and by kind."""

    exact: str
    kind: str

    def __add__(self, other: Sound) -> Sound:
        return Sound(self.exact + other.exact, self.kind + other.kind)

    def far(self, other: Sound, most: float) -> float:
        """Share of phones that differ, two of a kind for half; 1 where it is above ``most``."""
        longest = max(len(self.exact), len(other.exact), 1)
        cutoff = int(2 * most * longest)
        kinds = Levenshtein.distance(self.kind, other.kind, score_cutoff=cutoff)
        if kinds > cutoff:
            return 1.0
        differ = Levenshtein.distance(self.exact, other.exact, score_cutoff=cutoff)
        return (differ + kinds) / (2 * longest)


_SILENT = Sound("", "")


@dataclass(frozen=True)
class Phrase:
    """A grave phrase. ``within``: how far a run of words may sound from it."""

    words: str
    sound: Sound
    within: float


@cache
def _dictionary() -> dict[str, str]:
    try:
        lexicon, _ = assets.locate(assets.PRONUNCIATION)
        database = sqlite3.connect(f"file:{lexicon}?mode=ro&immutable=1", uri=True)
        rows = database.execute("SELECT word, phonemes FROM word_phonemes WHERE pron_order = 0")
        found = {word: phonemes.replace(" ", "") for word, phonemes in rows}
        database.close()
    except (SecoustiError, sqlite3.Error) as fault:
        logger.warning("no pronouncing dictionary (%s): misheard words stay as they are", fault)
        return {}
    return found


@cache
def sound_of(word: str) -> Sound | None:
    """The sound of one word, None where the dictionary lacks it."""
    phonemes = _dictionary().get(word)
    if phonemes is None:
        return None
    phones = phones_of(phonemes)
    return Sound("".join(_LETTER[p] for p in phones), "".join(_KIND[p] for p in phones))


@cache
def _unlike() -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{p})\b" for p in table("guard/sounds")["unlike"]))


@cache
def _by_length() -> dict[int, list[Phrase]]:
    """The phrases that a run of so many phones may be."""
    book, found = table("guard/sounds"), defaultdict(list)
    for words in book["phrases"]:
        sounds = [sound_of(word) for word in words.split()]
        if None in sounds:  # there is no dictionary
            continue
        phrase = Phrase(words, sum(filter(None, sounds), _SILENT), book["within"])
        size = len(phrase.sound.exact)
        for length in range(size - MOST_PHONES_OFF, size + MOST_PHONES_OFF + 1):
            found[length].append(phrase)
    return dict(found)


def hear_gravely(text: str) -> Heard:
    """One caller turn evened out, with grave phrases known by their sound: what the guard hears."""
    return mended(hear(text))


def mended(heard: Heard) -> Heard:
    """The same speech with runs of words that sound like a grave phrase given back as it."""
    words = [(m.group(), m.start(), m.end()) for m in re.finditer(r"[a-z]+", heard.text)]
    for start, end, phrase in _mishearings(heard.text, words):
        heard = _replaced(heard, start, end, phrase)
    return heard


def _mishearings(text: str, words: list[tuple[str, int, int]]) -> list[tuple[int, int, str]]:
    """Character spans that sound like a phrase with its words, the last first, none overlapping."""
    found: list[tuple[int, int, str]] = []
    free = len(words)  # words from here on are spoken for
    for first in range(len(words) - 1, -1, -1):
        hit = _nearest([word for word, *_ in words[first:free][:MOST_WORDS]])
        if hit is None:
            continue
        count, phrase = hit
        start, end = words[first][1], words[first + count - 1][2]
        if " . " in text[start:end] or _unlike().search(text[start:end]):
            continue
        free = first
        if text[start:end] != phrase.words:
            found.append((start, end, phrase.words))
    return found


def _nearest(words: list[str]) -> tuple[int, Phrase] | None:
    """How many of the first words sound most like a phrase, and which; None where none does."""
    best: tuple[float, int, Phrase] | None = None
    run = _SILENT
    for count, word in enumerate(words, 1):
        sound = sound_of(word)
        if sound is None:
            break
        run += sound
        for phrase in _by_length().get(len(run.exact), ()):
            far = run.far(phrase.sound, phrase.within)
            if far <= phrase.within and (best is None or far < best[0]):
                best = (far, count, phrase)
    return best[1:] if best else None


def _replaced(heard: Heard, start: int, end: int, words: str) -> Heard:
    moved = len(words) - (end - start)
    text = heard.text[:start] + words + heard.text[end:]
    before = bisect_right(heard.breaks, start)
    after = tuple(b + moved for b in heard.breaks[before:] if b >= end)
    return Heard(text, (*heard.breaks[:before], *after))
