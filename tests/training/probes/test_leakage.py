"""Classifiers: sure where a channel tells, guessing where it does not, null where none can ask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codec.rates import LOW
from tests.training.probes.conftest import TINY, quiet, utterance
from training.probes.data import Spoken, token_view, voice_view
from training.probes.leakage import (
    Question,
    balanced,
    column_question,
    leakage,
    speaker_question,
)

CONFIG = replace(TINY, steps=30, batch=16)
SPEAKERS = ("ann", "bob", "cyd", "dan")


@pytest.fixture
def spoken(draw: np.random.Generator) -> list[Spoken]:
    genders = dict(zip(SPEAKERS, "fmfm", strict=True))
    return [
        utterance(draw, speaker, gender=genders[speaker]) for _ in range(9) for speaker in SPEAKERS
    ]


def test_the_voice_tells_the_speaker_and_the_tokens_do_not(spoken: list[Spoken]) -> None:
    question = speaker_question(spoken, each=9)
    voice = leakage(voice_view(), question, [0], quiet, CONFIG)
    tokens = leakage(token_view(LOW), question, [0], quiet, CONFIG)
    assert (voice["answers"], voice["learnt"], voice["tested"]) == (4, 24, 12)
    assert voice["accuracy"] == 1
    assert tokens["accuracy"] < 0.75
    assert tokens["ci95"][0] <= tokens["accuracy"] <= tokens["ci95"][1]


def test_more_seeds_are_averaged(spoken: list[Spoken]) -> None:
    question = speaker_question(spoken, each=9)
    one, other, both = (
        leakage(token_view(LOW), question, seeds, quiet, CONFIG)["accuracy"]
        for seeds in ([0], [1], [0, 1])
    )
    assert both == pytest.approx((one + other) / 2, abs=1e-3)


def test_tested_utterances_were_not_learnt(spoken: list[Spoken]) -> None:
    question = speaker_question(spoken, each=9)
    assert isinstance(question, Question)
    learnt = {id(one) for one, _ in question.learnt}
    assert not learnt & {id(one) for one, _ in question.tested}


def test_columns_are_asked_of_other_speakers(draw: np.random.Generator) -> None:
    spoken = [utterance(draw, f"s{n % 12}", gender="fm"[n % 2]) for n in range(48)]
    question = column_question(spoken, "gender")
    assert isinstance(question, Question)
    learnt = {one.row["speaker"] for one, _ in question.learnt}
    tested = {one.row["speaker"] for one, _ in question.tested}
    assert (len(learnt), len(tested)) == (8, 4)
    assert not learnt & tested


@pytest.mark.parametrize(
    ("column", "reason"), [("emotion", "no utterance"), ("source", "same answer")]
)
def test_what_cannot_be_asked_is_null_with_a_reason(
    spoken: list[Spoken], column: str, reason: str
) -> None:
    found = leakage(voice_view(), column_question(spoken, column), [0], quiet, CONFIG)
    assert found["accuracy"] is None
    assert reason in found["reason"]


def test_speakers_of_few_utterances_are_not_asked_about(spoken: list[Spoken]) -> None:
    reason = speaker_question(spoken, each=10)
    assert isinstance(reason, str)
    assert "10 utterances" in reason


def test_every_answer_weighs_the_same() -> None:
    often, rarely = [("f", 1.0)] * 9, [("m", 0.0)]
    assert balanced([often, rarely]) == 0.5


def test_short_utterances_are_read_over_and_over(draw: np.random.Generator) -> None:
    short = [utterance(draw, s, seconds=1.0) for _ in range(9) for s in SPEAKERS]
    found = leakage(voice_view(), speaker_question(short, 9), [0], quiet, CONFIG)
    assert found["accuracy"] == 1
