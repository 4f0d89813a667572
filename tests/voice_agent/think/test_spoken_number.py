"""Numbers in spoken answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.speak.numbers import cardinal
from voice_agent.think.spoken_number import spoken_number
from voice_agent.think.words import hear


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("seven", 7),
        ("um, maybe a six or a seven", 6),
        ("eighty percent", 8),
        ("7 out of 10", 7),
        ("forty out of a hundred", 4),
        ("completely", 10),
        ("not at all", 0),
        ("somewhere around five I suppose", 5),
        ("a hundred", 10),
        ("I don't know", None),
        ("", None),
        ("five hundred thousand", 5),
    ],
)
def test_answers_on_a_scale_to_ten(said: str, number: int | None) -> None:
    assert spoken_number(hear(said), 10) == number


@given(st.integers(0, 99))
def test_every_number_that_is_spoken_is_heard(number: int) -> None:
    assert spoken_number(hear(cardinal(number)), 100) == number
    assert spoken_number(hear(str(number)), 100) == number


def test_a_number_above_the_scale_is_not_taken() -> None:
    assert spoken_number(hear("seven"), 3) is None
