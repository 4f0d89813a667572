"""Spoken style and misrecognitions are evened out before any rule looks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.think.words import hear


@pytest.mark.parametrize(
    ("said", "evened"),
    [
        ("I'm gonna, um, just go.", "i am going to go"),
        ("I can\u2019t do this any more", "i can not do this anymore"),
        ("i i i want to to die", "i want to die"),
        ("Don't. You know? I'd rather not!", "do not . i would rather not"),
        ("I wanna dye", "i want to die"),
        ("thinking about sue a side", "thinking about suicide"),
        ("kill my self", "kill myself"),
        ("I want to and it all", "i want to end it all"),
        ("I want to dye my hair", "i want to dye my hair"),
        ("", ""),
        ("...", ""),
    ],
)
def test_evening_out(said: str, evened: str) -> None:
    assert hear(said).text == evened


def test_clauses_end_at_commas_and_links_of_the_original() -> None:
    heard = hear("I'm tired, but my boss keeps calling. I want out")
    start = heard.text.index("boss")
    left, right = heard.clause(start, start + 4)
    assert heard.text[left:right].strip() == "but my boss keeps calling ."
    left, right = heard.sentence(start, start + 4)
    assert heard.text[left:right] == "i am tired but my boss keeps calling"


@given(st.text(max_size=200))
def test_any_text_is_heard(text: str) -> None:
    heard = hear(text)
    assert all(0 < position <= len(heard.text) for position in heard.breaks)
    assert list(heard.breaks) == sorted(heard.breaks)
    assert hear(text) == heard
