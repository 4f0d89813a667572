"""Who believes, knows, wants and feels what, as told; and how carefully it is said back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.contracts import View
from voice_agent.think.perspective import MOST_VIEWS, Perspectives
from voice_agent.think.slots import slots
from voice_agent.think.words import hear

from .talks import dialogue, record


def views(*said: str) -> list[tuple[str, str, str]]:
    own = Perspectives()
    for number, text in enumerate(said):
        own.hear(hear(text), number)
    return [(view.holder, view.attitude, view.content) for view in own.views]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["my mom thinks I don't care"], [("your mom", "believes", "you don't care")]),
        (["it's my dad", "he doesn't know I lost my job"],
         [("your dad", "unaware", "you lost your job")]),
        (["I haven't told my wife about the debt"], [("your wife", "unaware", "the debt")]),
        (["boss. my sister. she wants me to move"], [("your sister", "wants", "you to move")]),
        (["nobody knows"], [("nobody", "unaware", "")]),
        (["my son is scared of school"], [("your son", "feels", "scared of school")]),
        (["she thinks I don't care"], []),
        (["I think it will rain"], []),
    ],
)  # fmt: skip
def test_what_is_told_of_other_minds(said: list[str], told: list[tuple[str, str, str]]) -> None:
    assert views(*said) == told


def test_who_has_been_told_is_no_longer_unaware() -> None:
    found = views("my dad doesn't know about it", "I told my dad about it")
    assert [attitude for _, attitude, _ in found] == ["knows"]


@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_talk_can_be_read(said: list[str]) -> None:
    assert len(views(*said)) <= MOST_VIEWS


def test_the_record_holds_them_and_the_writer_may_name_the_person() -> None:
    talk, insight = dialogue("my wife doesn't know I lost my job")
    thinking = record(talk, insight)
    assert thinking.views == (View("your wife", "unaware", "you lost your job", 0),)
    assert slots(talk, insight, thinking)[0]["unaware_who"] == "your wife"


def test_nothing_is_said_of_the_mind_of_somebody_who_died() -> None:
    talk, insight = dialogue("my mom died. my mom didn't know how much I loved her")
    assert "unaware_who" not in slots(talk, insight, record(talk, insight))[0]
