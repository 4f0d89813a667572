"""What led to what: links in both word orders and over turns, and what is no step at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.think.causes import MOST_STEPS, Chain
from voice_agent.think.words import hear


def chain(*said: str) -> Chain:
    own = Chain()
    for text in said:
        own.hear(hear(text))
    return own


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        (["I can't sleep because my dog died"], ("your dog died", "you can't sleep")),
        (["my dog died so I can't sleep"], ("your dog died", "you can't sleep")),
        (["I failed, and that's why I don't go home"], ("you failed", "you don't go home")),
        (["My husband left. Since then I don't eat."], ("your husband left", "you don't eat")),
        (
            ["I can't sleep.", "It's because of my neighbor."],
            ("your neighbor", "you can't sleep"),
        ),
        (
            ["My boss moved me to nights.", "So I sleep all day.", "And so I don't see my kids."],
            ("your boss moved you to nights", "you sleep all day", "you don't see your kids"),
        ),
        (["hello", "it's weeks", "what do you think?"], ()),
    ],
)
def test_causes_stand_first(said: list[str], steps: tuple[str, ...]) -> None:
    assert chain(*said).steps() == steps


def test_what_is_denied_does_not_come_back() -> None:
    own = chain("I can't sleep because my dog died")
    own.deny("your dog died")
    own.hear(hear("I can't sleep because my dog died"))
    assert "your dog died" not in own.steps()


def test_a_turn_can_be_taken_back() -> None:
    own = chain("I can't sleep because my dog died")
    own.hear(hear("I work too much so I shout"))
    own.undo()
    assert own.steps() == ("your dog died", "you can't sleep")


@given(st.lists(st.text(max_size=80), max_size=6))
def test_any_talk_gives_a_short_chain_without_repeats(said: list[str]) -> None:
    steps = chain(*said).steps()
    assert len(steps) <= MOST_STEPS and len(set(steps)) == len(steps)
