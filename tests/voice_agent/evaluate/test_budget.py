"""Thresholds by calls: no kind of ordinary call is asked oftener than its budget allows."""

from __future__ import annotations

import numpy as np
import pytest

from voice_agent.evaluate.fit.budget import (
    CALLS_ASKED,
    CALLS_REACHED,
    LEVELS,
    asked,
    call_thresholds,
)
from voice_agent.evaluate.fit.crisis import curt_calls, ordinary_calls
from voice_agent.think.crisis import WATCH_TURNS
from voice_agent.think.heads import Floats


def risky(*risks: float) -> Floats:
    """A call whose turns have these probabilities of any risk, all of it "low"."""
    return np.array([(1 - risk, risk, 0.0, 0.0) for risk in risks], np.float32)


def drawn(calls: int, alpha: float, seed: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [rng.dirichlet((8, alpha, alpha, alpha), size=12).astype(np.float32)
            for _ in range(calls)]  # fmt: skip


def test_each_kind_of_call_keeps_the_budget() -> None:
    kinds = [drawn(200, 0.3, seed=0), drawn(200, 1.0, seed=1)]
    found = call_thresholds(kinds)
    for calls in kinds:
        for rank, level in enumerate(LEVELS, 1):
            reached = np.mean([(c[:, rank:].sum(1) >= found[level]).any() for c in calls])
            assert reached <= CALLS_REACHED[level]
        assert asked(calls, found, found["watch"]) <= CALLS_ASKED
    assert found["watch"] < found["low"] <= max(found["high"], found["low"])


def test_two_watched_turns_are_asked_about_and_one_is_not() -> None:
    thresholds = {"low": 0.9}
    near = risky(0.6, *[0.1] * (WATCH_TURNS - 1), 0.6)
    far = risky(0.6, *[0.1] * WATCH_TURNS, 0.6)
    assert asked([near], thresholds, 0.5) == 1.0
    assert asked([far], thresholds, 0.5) == 0.0
    assert asked([risky(0.6, 0.1)], thresholds, 0.5) == 0.0
    assert asked([risky(0.1, 0.95)], thresholds, 0.5) == 1.0
    assert asked([near, far], thresholds, 0.5) == pytest.approx(0.5)


def test_ordinary_calls_are_without_risk_and_curt_ones_of_few_words() -> None:
    whole, curt = ordinary_calls("valid"), curt_calls("valid")
    assert len(whole) == len(curt) > 20
    assert {case.risk for calls in (whole, curt) for call in calls for case in call} == {"none"}
    assert max(len(case.text.split()) for call in curt for case in call) < 15
