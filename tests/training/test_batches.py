"""Batches: the same step gives the same crops, and short utterances are no trouble."""

from __future__ import annotations

import numpy as np
import torch

from training.batches import BatchConfig, Batches
from training.corpus import Corpus, Utterance


def corpus(lengths: list[int]) -> Corpus:
    audio = np.random.default_rng(0).integers(-9000, 9000, sum(lengths)).astype(np.int16)
    starts = np.cumsum([0, *lengths[:-1]])
    rows = [Utterance(int(s), n, "a", "x") for s, n in zip(starts, lengths, strict=True)]
    return Corpus(audio, rows)


def test_a_step_is_reproducible_and_steps_differ() -> None:
    batches = Batches(corpus([50000, 30000]), BatchConfig(batch=4))
    first, again, other = batches(3), batches(3), batches(4)
    assert torch.equal(first.speech, again.speech)
    assert torch.equal(first.voice, again.voice)
    assert not torch.equal(first.speech, other.speech)


def test_crops_of_short_utterances_are_padded_with_silence() -> None:
    batches = Batches(corpus([5000]), BatchConfig(batch=3))
    batch = batches(0)
    assert batch.speech.shape == (3, 20480)
    assert batch.speech[:, 5000:].abs().max() == 0


def test_crops_stay_inside_their_utterance() -> None:
    loud = Corpus(np.array([30000] * 40000 + [0] * 40000, dtype=np.int16), [
        Utterance(40000, 40000, "quiet", "x"),
    ])  # fmt: skip
    for step in range(5):
        assert Batches(loud, BatchConfig(batch=2))(step).speech.abs().max() == 0


def test_some_crops_are_decoded_without_a_known_voice() -> None:
    batches = Batches(corpus([50000]), BatchConfig(batch=64))
    share = (~batches(0).voice_known).float().mean().item()
    assert 0.02 < share < 0.3
