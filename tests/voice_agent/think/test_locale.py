"""Crisis resources by place."""

from __future__ import annotations

import pytest

from codec.errors import SecoustiError
from voice_agent.think.locale import Locale


def test_numbers_are_the_only_ones_that_may_be_spoken() -> None:
    numbers = Locale.load("UK").numbers()
    assert {"999", "116123"} <= numbers
    assert "911" not in numbers


def test_an_unknown_place_is_told_which_are_known() -> None:
    with pytest.raises(SecoustiError, match=r"locale 'XX'.*US"):
        Locale.load("XX")


def test_a_category_without_its_own_line_falls_back_to_the_crisis_line() -> None:
    place = Locale.load("IE")
    assert place.resource("extra", "danger_from_others") == "IE:samaritans"
    assert "one one six" in place.fill("{extra_how}", "danger_from_others")
    assert Locale.load("US").resource("extra", "danger_from_others") == "US:ndvh"
    assert place.resource("emergency", "any") == "IE:112"
