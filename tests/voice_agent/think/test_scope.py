"""Scope of a grave phrase: who, when, whether."""

from __future__ import annotations

import pytest

from voice_agent.think.scope import Scope, judge, strike_idioms
from voice_agent.think.words import hear


@pytest.mark.parametrize(
    ("said", "phrase", "scope"),
    [
        ("I would never kill myself", "kill myself", Scope.DENIED),
        ("I can't stop thinking about suicide", "suicide", Scope.SELF),
        ("I'm not saying I'd kill myself", "kill myself", Scope.HALF_DENIED),
        ("he keeps talking about suicide", "suicide", Scope.OTHER_PERSON),
        ("the show is about suicide", "suicide", Scope.STORY),
        ("I saw the movie and I want to die", "want to die", Scope.SELF),
        ("I tried suicide years ago", "suicide", Scope.PAST),
        ("years ago I wanted to die and now it's back again", "wanted to die", Scope.SELF),
        ("I thought about suicide but not anymore", "suicide", Scope.RESOLVED),
        ("I'm not happy, I want to die", "want to die", Scope.SELF),
    ],
)
def test_judge(said: str, phrase: str, scope: Scope) -> None:
    heard = hear(said)
    start = heard.text.index(phrase)
    assert judge(heard, start, start + len(phrase)) is scope


def test_idioms_are_blanked_in_place_and_nothing_else_is() -> None:
    heard = hear("I'm dying to see it but I want to die")
    struck = strike_idioms(heard)
    assert len(struck.text) == len(heard.text)
    assert "dying to" not in struck.text
    assert struck.text.endswith("want to die")
