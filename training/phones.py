"""Phone labels of a corpus, one each 10 ms: the arrays that an alignment fills in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.rates import HOP_SAMPLES
from training.corpus import Corpus

UNKNOWN = 255  # no transcript, or none that fits

PENDING = np.float32(np.nan)
NOT_ALIGNED = np.float32(-np.inf)
WORST_SCORE = -40.0  # mean log likelihood a frame; good read speech has -10 to -20, noise below -40


@dataclass(frozen=True)
class PhoneLabels:
    """``labels`` uint8, one per 10 ms of every utterance in corpus order; ``scores`` float32, one
    per utterance: how well its transcript fits (mean log likelihood a frame)."""

    labels: NDArray[np.uint8]
    scores: NDArray[np.float32]
    starts: NDArray[np.int64]  # first label of each utterance

    def of(self, number: int, length: int) -> NDArray[np.uint8]:
        """The labels of utterance ``number``, which has ``length`` samples."""
        start = int(self.starts[number])
        return self.labels[start : start + label_count(length)]

    def crop(self, number: int, length: int, first: int, samples: int) -> NDArray[np.uint8]:
        """Labels uint8 ``[samples / 160]`` from sample ``first`` of utterance ``number`` on;
        unknown beyond its end and where the transcript does not fit."""
        crop = np.full(samples // HOP_SAMPLES, UNKNOWN, np.uint8)
        if self.scores[number] > WORST_SCORE:
            begin = round(first / HOP_SAMPLES)
            known = self.of(number, length)[begin : begin + len(crop)]
            crop[: len(known)] = known
        return crop

    @property
    def fitting(self) -> int:
        """How many utterances have usable labels."""
        return int((self.scores > WORST_SCORE).sum())


def label_count(samples: int) -> int:
    """10 ms labels in an utterance of that many samples."""
    return samples // HOP_SAMPLES


def label_paths(cache: Path, split: str) -> tuple[Path, Path]:
    return cache / f"{split}.phones.npy", cache / f"{split}.scores.npy"


def open_labels(corpus: Corpus, cache: Path, split: str) -> PhoneLabels | None:
    """The labels that ``secousti train align`` made for this corpus, or None: it was not run."""
    labels_path, scores_path = label_paths(cache, split)
    if not scores_path.is_file():
        return None
    labels, scores = np.load(labels_path, mmap_mode="r"), np.load(scores_path, mmap_mode="r")
    starts = label_starts(corpus)
    if len(scores) != len(corpus.utterances) or len(labels) != starts[-1]:
        return None
    return PhoneLabels(labels, scores, starts)


def label_starts(corpus: Corpus) -> NDArray[np.int64]:
    """First label of each utterance, and one entry more: their whole number."""
    counts = [label_count(utterance.length) for utterance in corpus.utterances]
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
