"""Word error of a recogniser on decoded speech, with its error on the originals beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codec.bench.metrics.intrusive import Wave

Recognise = Callable[[Wave], str]
"""Waveform float32 ``[T]`` at 16 kHz -> words. The benchmark is handed one; it owns none."""

NOT_A_WORD = re.compile(r"[^a-z0-9' ]+")


@dataclass(frozen=True)
class WordErrors:
    """Substitutions, deletions and insertions of one clip, and the words that were said."""

    errors: int
    words: int


def normalise(text: str) -> list[str]:
    """Lower-case words; punctuation and hyphens separate, apostrophes stay inside words."""
    text = text.lower().replace("’", "'")
    return [word for word in (w.strip("'") for w in NOT_A_WORD.sub(" ", text).split()) if word]


def word_errors(said: str, heard: str) -> WordErrors:
    """Levenshtein distance in words between ``said`` (the transcript) and ``heard``."""
    reference, hypothesis = normalise(said), normalise(heard)
    row = list(range(len(hypothesis) + 1))
    for i, word in enumerate(reference, start=1):
        previous, row = row, [i]
        for j, other in enumerate(hypothesis, start=1):
            substituted = previous[j - 1] + (word != other)
            row.append(min(substituted, previous[j] + 1, row[-1] + 1))
    return WordErrors(row[-1], len(reference))


def word_error_rate(clips: Sequence[WordErrors]) -> float:
    """Errors over words said, all clips together: 0.1 is 10 %; may exceed 1."""
    return sum(clip.errors for clip in clips) / max(1, sum(clip.words for clip in clips))
