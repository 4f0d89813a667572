"""The phone probe finds phones where tokens name them, and none where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from codec.bench.metrics.words import WordErrors, word_error_rate
from codec.rates import LOW
from codec.speaking.phones import NUMBER, SILENCE
from tests.training.probes.conftest import PHONES_SAID, TINY, quiet, utterance
from training.phones import UNKNOWN
from training.probes.data import mel_view, token_view
from training.probes.phones import Crops, phone_errors, phones_in, summary


def test_runs_are_one_phone_and_silence_is_none() -> None:
    labels = np.array([SILENCE, 5, 5, 5, SILENCE, 5, 7, UNKNOWN, 7], np.uint8)
    assert phones_in(labels) == [5, 5, 7, 7]


def test_told_phones_are_read_and_others_are_not(draw: np.random.Generator) -> None:
    rates = {}
    for told in (True, False):
        learnt = [utterance(draw, told=told) for _ in range(40)]
        tested = [utterance(draw, told=told) for _ in range(8)]
        rates[told] = word_error_rate(phone_errors(token_view(LOW), learnt, tested, 0, quiet, TINY))
    assert rates[True] < 0.2
    assert rates[False] > 0.7


def test_the_same_seed_gives_the_same_errors(draw: np.random.Generator) -> None:
    spoken = [utterance(draw) for _ in range(6)]
    few = replace(TINY, steps=10)
    runs = [phone_errors(token_view(LOW), spoken, spoken, 3, quiet, few) for _ in "ab"]
    assert runs[0] == runs[1]


def test_crops_carry_the_phones_of_their_own_time(draw: np.random.Generator) -> None:
    one = utterance(draw, seconds=4)
    rows, phones = Crops(token_view(LOW), [one], TINY, 0)(0)
    names = ((rows[0] + 1) * 1.5).round().long()  # digits again
    codes = (names[:, :3] * torch.tensor([1, 4, 16])).sum(1).tolist()
    said = [phone for phone in range(1, PHONES_SAID + 1) if phone * 37 % 64 in codes]
    assert set(said) == set(phones[0])
    mel, _ = Crops(mel_view(), [one], TINY, 0)(0)
    assert mel.shape == (TINY.batch, 128, 80)


def test_utterances_without_labels_are_left_out(draw: np.random.Generator) -> None:
    blank = utterance(draw)
    blank.phones[:] = UNKNOWN
    learnt, few = [utterance(draw), blank], replace(TINY, steps=2)
    assert len(phone_errors(token_view(LOW), learnt, [*learnt, blank], 0, quiet, few)) == 1


def test_errors_are_summed_over_all_phones() -> None:
    row = summary([WordErrors(1, 10), WordErrors(3, 10)], ["read", "talk"])
    assert (row["phone_error_rate"], row["phones"], row["utterances"]) == (0.2, 20, 2)
    assert row["ci95"] == [0.1, 0.3]
    assert row["by_source"]["talk"] == {"phone_error_rate": 0.3, "utterances": 1}
    assert NUMBER["SIL"] == SILENCE
