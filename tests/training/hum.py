"""A corpus of one humming utterance that says two phones in turn."""

from __future__ import annotations

import numpy as np

from training.batches import BatchConfig, Batches
from training.corpus import Corpus, Utterance
from training.phones import PhoneLabels


def hum_corpus(seconds: int = 3) -> Corpus:
    samples = 16_000 * seconds
    t = np.arange(samples) / 16_000
    wav = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 15)) * (1 + np.sin(9 * t))
    return Corpus((3000 * wav).astype(np.int16), [Utterance(0, samples, "hum", "test")])


def hum_phones() -> PhoneLabels:
    """100 ms of one phone, 100 ms of the other."""
    labels = np.tile(np.repeat(np.array([5, 9], np.uint8), 10), 15)
    return PhoneLabels(labels, np.zeros(1, np.float32), np.array([0, 300]))


BATCHES = Batches(hum_corpus(), BatchConfig(batch=2, crop_samples=15360), phones=hum_phones())
