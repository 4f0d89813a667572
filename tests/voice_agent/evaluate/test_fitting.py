"""Fitting: families spelled out, softmax, debiasing and thresholds on cases worked by hand."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from codec.errors import SecoustiError
from voice_agent.evaluate.families import family_cases, roughened, spelled_out
from voice_agent.evaluate.first_person import Item, first_person
from voice_agent.evaluate.fit.softmax import balanced, common_terms, fit_softmax
from voice_agent.evaluate.memo import Memo
from voice_agent.think.prototypes import Vectors


def test_a_line_is_spelled_out_in_different_readings() -> None:
    rng = random.Random(0)
    found = spelled_out("I {took|had} {two|ten}", rng, most=4)
    assert set(found) == {"I took two", "I took ten", "I had two", "I had ten"}
    assert spelled_out("plain", rng) == ["plain"]


def test_rough_speech_has_no_marks_and_keeps_its_words() -> None:
    said = roughened("I can't, I won't. No!", random.Random(3))
    assert not set(said) & set(",.!")
    assert "can't" in said


def test_no_family_is_in_two_splits_and_cases_repeat() -> None:
    named = {s: {c.family for c in family_cases(s)} for s in ("train", "valid", "test")}
    assert not named["train"] & named["valid"]
    assert not named["train"] & named["test"]
    assert not named["valid"] & named["test"]
    assert family_cases("test", 1) == family_cases("test", 1)
    levels = {case.risk for case in family_cases("test")}
    assert levels == {"none", "low", "high", "imminent"}
    with pytest.raises(SecoustiError, match="no crisis families"):
        family_cases("nowhere")


def test_softmax_parts_what_can_be_parted() -> None:
    x = np.array([[0.0, 1.0], [0.1, 0.9], [1.0, 0.0], [0.9, 0.2]], np.float32)
    y = np.array([0, 0, 1, 1])
    weights, bias = fit_softmax(x, y, np.ones(4, np.float32), 2, np.full(2, 1e-4, np.float32))
    assert ((x @ weights + bias).argmax(1) == y).all()


def test_balanced_rows_even_out_labels() -> None:
    labels = ["a"] * 6 + ["b"] * 2
    even = balanced(labels)
    assert even[:6].sum() == pytest.approx(even[6:].sum())
    assert balanced(labels, power=0.0)[:6].sum() == pytest.approx(6.0)
    grouped = balanced(["a"] * 5, ["x"] * 4 + ["y"])
    assert grouped[:4].sum() == pytest.approx(2 * grouped[4])


def test_terms_count_by_group() -> None:
    assert common_terms([{"p"}, {"p", "q"}, {"q"}], ["x", "x", "y"], least=2) == ["q"]


def test_full_and_rare_features_are_weighed_alike() -> None:
    rng = np.random.default_rng(0)
    full = rng.standard_normal((60, 2)).astype(np.float32)
    rare = np.zeros((60, 2), np.float32)
    rare[:5, 0] = 1.0
    y = np.array([1] * 5 + [0] * 55)
    x = np.concatenate([rare[:, :1], full, rare[:, 1:]], axis=1)
    weights, _ = fit_softmax(x, y, np.ones(60, np.float32), 2, np.full(4, 1e-3, np.float32))
    assert weights[0, 1] > 1.0 > abs(weights[1, 1])
    assert (weights[3] == 0).all()


def test_vectors_are_computed_once_and_kept(tmp_path: Path) -> None:
    asked: list[str] = []

    def embed(texts: list[str]) -> Vectors:
        asked.extend(texts)
        return np.ones((len(texts), 384), np.float32)

    memo = Memo(embed, tmp_path / "v.npz")
    assert memo(["a", "bb", "a"]).shape == (3, 384)
    memo.save()
    again = Memo(embed, tmp_path / "v.npz")
    assert again(["bb"]).shape == (1, 384)
    assert again([]).shape == (0, 384)
    assert sorted(asked) == ["a", "bb"]


def test_the_story_is_told_to_its_protagonist() -> None:
    item = Item(
        "Anna puts Ben's ball away. Anna is tired.",
        "Where does Anna think it is?",
        ("Anna's bag",),
        0,
        "belief",
    )
    told = first_person(item)
    assert told.story == "You put Ben's ball away. You are tired."
    assert told.question == "Where do you think it is?"
    assert told.options == ("Your bag",)
    nobody = Item("it rains", "why?", ("a", "b"), 0, "")
    assert first_person(nobody) is nobody
