"""Tokens that name phones find their text; tokens that do not, find it by chance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from codec.rates import LOW
from tests.training.probes.conftest import TINY, quiet, utterance
from training.probes.data import token_view
from training.probes.retrieval import MOMENTS, retrieval

CONFIG = replace(TINY, steps=30, crop_ms=960, lr=5e-3)


def found(draw: np.random.Generator, told: bool) -> dict[str, Any]:
    learnt = [utterance(draw, told=told) for _ in range(16)]
    tested = [utterance(draw, told=told) for _ in range(12)]
    return retrieval(LOW, token_view(LOW), learnt, tested, 0, quiet, CONFIG)


def test_text_and_speech_find_each_other(draw: np.random.Generator) -> None:
    told, untold = found(draw, told=True), found(draw, told=False)
    for way in ("text_of_speech", "speech_of_text"):
        assert told["stretches"][f"{way}_top1"]["share"] > 0.9
        assert untold["stretches"][f"{way}_top1"]["share"] < 0.5
        best, five = (told["moments"][f"{way}_top{count}"] for count in (1, 5))
        assert best["share"] > 2 * best["by_chance"]
        assert best["share"] <= five["share"]
        assert best["by_chance"] < five["by_chance"]
    assert told["stretches"]["n"] == 12
    assert told["stretches"]["text_of_speech_top1"]["by_chance"] == round(1 / 12, 4)
    assert told["moments"]["n"] == MOMENTS
    assert told["phones_named_each_20_ms"] > untold["phones_named_each_20_ms"] + 0.2
