"""Harsh verdicts: heard in other words, met first, then looked at from outside, twice at most."""

from __future__ import annotations

import pytest

from voice_agent.contracts import Strategy, ThinkingRecord, UserTurn
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.dialogue import Draft
from voice_agent.think.settings import Part
from voice_agent.think.strategy import LOOKS_FOR_TURNS, MOST_LOOKS, looks_at_verdict
from voice_agent.think.understand import Understander
from voice_agent.vectors import SentenceVectors

from .talks import dialogue


@pytest.fixture(scope="module")
def understander() -> Understander:
    return Understander(SentenceVectors.load(None))


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("I got the sack. I suppose I'm simply a useless person.", True),
        ("No one could ever love someone like me.", True),
        ("My brother came over and we had soup.", False),
        ("She was sad about the cat.", False),
        ("Which idea was that?", False),
    ],
)
def test_verdicts_are_heard_in_other_words(
    understander: Understander, said: str, verdict: bool
) -> None:
    assert understander.understand(UserTurn(said), 0).verdict is verdict


def test_without_vectors_none_is_heard() -> None:
    assert not Understander(None).understand(UserTurn("I'm useless."), 0).verdict


def test_it_is_met_first_and_looked_at_next_and_not_for_ever() -> None:
    talk, _ = dialogue("work", "I'm useless", drafts=(Draft("Mm.", Strategy.REFLECTION),) * 2)
    talk.verdict_turn = talk.turn
    assert not looks_at_verdict(talk)  # told just now
    talk.turn += 1
    assert looks_at_verdict(talk)
    talk.drafts.append(Draft("And?", Strategy.QUESTION, "verdict"))
    assert not looks_at_verdict(talk)  # what came of the look is met before the next one
    talk.drafts.append(Draft("Mm.", Strategy.REFLECTION))
    talk.looks = MOST_LOOKS
    assert not looks_at_verdict(talk)
    talk.looks, talk.turn = 0, talk.verdict_turn + LOOKS_FOR_TURNS + 1
    assert not looks_at_verdict(talk)


def test_a_call_meets_a_verdict_and_then_asks_about_it() -> None:
    talk = Conversation(Mind.load(ThinkSettings()), clock=lambda: 0.0)
    talk.open()
    talk.respond(UserTurn("It's my course, I keep failing."))
    met = talk.respond(UserTurn("I think I'm simply too stupid for it."))
    looked = talk.respond(UserTurn("Yes."))
    assert met.strategy is Strategy.REFLECTION
    assert looked.strategy is Strategy.QUESTION
    assert talk._dialogue.drafts[-1].asks == "verdict"


def test_thinking_can_be_left_out() -> None:
    talk = Conversation(
        Mind.load(ThinkSettings(leave_out=frozenset({Part.THINKING, Part.VECTORS}))),
        clock=lambda: 0.0,
    )
    talk.respond(UserTurn("My boss yells at me every day, so I can't sleep."))
    assert talk.last_thinking == ThinkingRecord(talk.stage.stage)
