"""The few numbers a training run watches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from codec.bench.quick import score


def test_means_over_pairs_without_those_that_have_no_value(hum: Callable[..., np.ndarray]) -> None:
    pytest.importorskip("pesq")
    wave = hum(1.5)
    scores = score([(wave, wave), (wave, 0 * wave)])
    assert scores["pesq_wb"] == pytest.approx(4.64, abs=0.01)
    assert scores["stoi"] == pytest.approx(1.0, abs=0.01)


def test_nothing_to_score_gives_nothing() -> None:
    silence = np.zeros(16_000, np.float32)
    assert score([(silence, silence)]) == {}
