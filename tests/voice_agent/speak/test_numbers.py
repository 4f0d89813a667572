"""Numbers as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.speak.numbers import cardinal, decimal, digits, ordinal


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety-nine"),
        (100, "one hundred"),
        (251, "two hundred fifty-one"),
        (1_000, "one thousand"),
        (20_017, "twenty thousand seventeen"),
        (3_000_400, "three million four hundred"),
        (10**12, "one zero zero zero zero zero zero zero zero zero zero zero zero"),
    ],
)
def test_cardinal(number: int, words: str) -> None:
    assert cardinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "first"),
        (12, "twelfth"),
        (20, "twentieth"),
        (22, "twenty-second"),
        (100, "one hundredth"),
    ],
)
def test_ordinal(number: int, words: str) -> None:
    assert ordinal(number) == words


def test_decimal_and_digits() -> None:
    assert decimal("1,500") == "one thousand five hundred"
    assert decimal("2.05") == "two point zero five"
    assert digits("988") == "nine eight eight"


@given(st.integers(0, 10**12 - 1), st.integers(0, 10**12 - 1))
def test_no_two_numbers_sound_alike(one: int, other: int) -> None:
    assert (cardinal(one) == cardinal(other)) == (one == other)
