"""A caller's clause is said back in good grammar, or not at all."""

from __future__ import annotations

import pytest

from voice_agent.think.paraphrase import own_clause
from voice_agent.think.words import hear


@pytest.mark.parametrize(
    ("said", "back"),
    [
        ("my landlord keeps raising the rent", "your landlord keeps raising the rent"),
        ("I was left out of the meeting again", "you were left out of the meeting again"),
        ("he doesn't listen to me", "he doesn't listen to you"),
        ("I can't trust myself with money", "you can't trust yourself with money"),
        ("We're losing our house this month", "you're losing your house this month"),
    ],
)
def test_said_back(said: str, back: str) -> None:
    assert own_clause(hear(said), 1.0) == back


@pytest.mark.parametrize(
    "said",
    [
        "my landlord keeps razing the brent grommet",  # words nobody says
        "I want to go to the",  # cut off
        "what do you think about me",  # a question, and about us
        "me and my wife went there",  # would flip badly
        "I know",  # too short
        "so anyway the thing with the other one",  # no plain subject
    ],
)
def test_left_alone(said: str) -> None:
    assert own_clause(hear(said), 1.0) is None


def test_an_unsure_recogniser_is_never_quoted() -> None:
    assert own_clause(hear("my landlord keeps raising the rent"), 0.4) is None
