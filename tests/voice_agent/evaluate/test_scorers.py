"""Scorers on cases whose answers are known."""

from __future__ import annotations

import math

import pytest

from voice_agent.evaluate.bootstrap import interval
from voice_agent.evaluate.changes import change_f1, change_points, matches
from voice_agent.evaluate.diversity import distinct, repeated_openers, self_bleu, words
from voice_agent.evaluate.metrics import (
    accuracy,
    confusion,
    f1_scores,
    macro_f1,
    macro_f1_present,
    weighted_f1,
)
from voice_agent.evaluate.preference import preference

AB = ("a", "b", "c")
PAIRS = [("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")]


def test_f1_by_hand() -> None:
    f1 = f1_scores(PAIRS, AB)
    assert f1["a"] == pytest.approx(2 / 3)
    assert f1["b"] == pytest.approx(4 / 5)
    assert f1["c"] == 0.0
    assert macro_f1(PAIRS, AB) == pytest.approx((2 / 3 + 4 / 5) / 3)
    assert macro_f1_present(PAIRS) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert weighted_f1(PAIRS, AB) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert accuracy(PAIRS) == 0.75
    assert confusion(PAIRS, AB) == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert accuracy([]) == 0.0


def test_two_labels_have_the_preference_that_can_be_worked_out() -> None:
    # With two labels the fit is exact: pi_a / pi_b = times a was said for b / times b for a.
    pairs = [("b", "a")] * 3 + [("a", "b")] * 1 + [("a", "a")] * 5
    fitted = preference(pairs, ("a", "b"))
    assert fitted.p["a"] / fitted.p["b"] == pytest.approx(3.0, rel=1e-3)
    assert sum(fitted.p.values()) == pytest.approx(2.0)
    assert fitted.bias == pytest.approx(0.5, rel=1e-3)


def test_even_confusion_has_no_bias() -> None:
    pairs = [(g, p) for g in AB for p in AB for _ in range(4)]
    fitted = preference(pairs, AB)
    assert fitted.bias == pytest.approx(0.0, abs=1e-9)
    assert all(p == pytest.approx(1.0) for p in fitted.p.values())


def test_what_is_never_said_has_preference_nought() -> None:
    pairs = [("a", "b"), ("b", "a"), ("c", "a"), ("c", "b")]
    assert preference(pairs, AB).p["c"] == 0.0


@pytest.mark.parametrize("pairs", [[("a", "a"), ("b", "a")], [("a", "a"), ("b", "b")], []])
def test_a_degenerate_bias_is_undefined_with_a_reason(pairs: list[tuple[str, str]]) -> None:
    fitted = preference(pairs, AB)
    assert fitted.bias is None
    assert fitted.reason


def test_change_points_pair_within_two_turns_and_once() -> None:
    assert change_points("aabbc") == [2, 4]
    assert matches([5], [4, 6]) == 1
    assert matches([5], [8]) == 0
    assert change_f1([("aaabbb", "aaaabb")]) == 1.0
    assert change_f1([("aaabbb", "aaaaaa")]) == 0.0
    assert change_f1([("aaaaaa", "aaaaaa")]) == 1.0
    assert change_f1([("aabbbbbb", "aababbbb")]) == pytest.approx(2 * 1 / (1 + 3))


def test_diversity_knows_repetition() -> None:
    same, varied = ["I am here."] * 3, ["I am here.", "Rain fell hard.", "What a long week!"]
    assert distinct(same, 2) == pytest.approx(2 / 6)
    assert distinct(varied, 2) == 1.0
    assert self_bleu(same) == pytest.approx(1.0)
    assert self_bleu(varied) == 0.0
    assert repeated_openers(same) == 1.0
    assert repeated_openers(varied) == 0.0
    assert distinct([], 1) == self_bleu([]) == repeated_openers([]) == 0.0


def test_chinese_and_japanese_count_by_character() -> None:
    assert words("我很难过 ok") == ["我", "很", "难", "过", "ok"]


def test_the_interval_holds_the_mean_and_follows_the_seed() -> None:
    values = [0.0] * 50 + [1.0] * 50

    def mean(sample: object) -> float:
        assert isinstance(sample, list)
        return math.fsum(sample) / len(sample)

    low, high = interval(values, mean, 1) or (9.0, 9.0)
    assert 0.3 < low < 0.5 < high < 0.7
    assert interval(values, mean, 1) == (low, high)
    assert interval([], mean, 1) is None
