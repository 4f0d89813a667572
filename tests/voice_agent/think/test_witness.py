"""Who believes a thing to be where, as a caller tells of it."""

from __future__ import annotations

import pytest

from voice_agent.contracts import View
from voice_agent.think.perspective import Perspectives
from voice_agent.think.words import hear


def told(*said: str) -> Perspectives:
    own = Perspectives()
    for turn, text in enumerate(said):
        own.hear(hear(text), turn)
    return own


PUT = "My wife put the letter in the drawer."


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        ([PUT, "While she was out I moved it to the shed."], "in the drawer"),
        ([PUT, "I moved it to the shed."], "to the shed"),
        ([PUT, "She went to work.", "I moved it to the shed.", "Then I told her."], "to the shed"),
        ([PUT, "She went out.", "She came back.", "I moved it to the shed."], "to the shed"),
        ([PUT, "She went out.", "I took the letter and hid it in the shed."], "in the drawer"),
        ([PUT, "She went out.", "I hid it in the shed.", "She saw it."], "in the shed"),
    ],
)
def test_only_who_is_there_or_is_told_takes_up_a_change(said: list[str], believed: str) -> None:
    own = told(*said).witnesses
    assert own.where("your wife", "letter") == believed
    assert own.where("you", "letter") == own.places["letter"]


def test_what_somebody_missed_is_a_view_of_theirs() -> None:
    own = told(PUT, "She went to her mother.", "I took it and put it in the safe.")
    missed = View("your wife", "believes", "the letter is in the drawer", 2)
    assert missed in own.views
    assert not [view for view in own.views if view.holder == "you"]


def test_a_correction_and_a_wish_to_forget_reach_it() -> None:
    own = told(PUT)
    own.rename("your wife", "your sister")
    assert own.witnesses.where("your sister", "letter") == "in the drawer"
    own.forget(hear(PUT))
    assert own.witnesses.where("your sister", "letter") == ""


@pytest.mark.parametrize(
    "text", ["", "I put up with it.", "He left me.", "it it it", "She moved on."]
)
def test_ordinary_talk_moves_nothing(text: str) -> None:
    assert told(text).witnesses.places == {}
