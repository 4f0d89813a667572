"""The bundled callers' turns, whole and cut: nothing of them is lost, and cuts lie in pauses."""

from __future__ import annotations

import numpy as np

from codec.rates import SAMPLE_RATE_HZ
from secousti.bench.turns_said import LONG, USUAL, turns_said


def level(wav: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(wav))))


def test_usual_turns_are_the_long_ones_in_parts() -> None:
    long, usual = turns_said(LONG), turns_said(USUAL)
    assert len(usual) > len(long)
    assert np.array_equal(np.concatenate(usual), np.concatenate(long))


def test_turns_are_cut_where_nobody_speaks() -> None:
    window = SAMPLE_RATE_HZ // 50
    for turn in turns_said(USUAL):
        assert level(turn[-window:]) < level(turn) / 20
        assert len(turn) > SAMPLE_RATE_HZ
