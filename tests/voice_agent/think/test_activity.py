"""What is done together: offered with consent, paused, left, resumed, and put away by a crisis."""

from __future__ import annotations

import dataclasses
import json
import random

import pytest

from voice_agent.contracts import Mode, RiskLevel, UserTurn
from voice_agent.think import Conversation, Mind
from voice_agent.think.activity import Activities, Activity, Moment

from .conftest import Clock
from .counting import Counting, CountingKind

ASK = "Can you count with me?"


@pytest.fixture
def counting_mind(mind: Mind) -> Mind:
    return dataclasses.replace(mind, activities=(CountingKind(),))


@pytest.fixture
def talk(counting_mind: Mind, clock: Clock) -> Conversation:
    talk = Conversation(counting_mind, clock=clock)
    talk.open()
    return talk


def say(talk: Conversation, *said: str) -> list[str]:
    return [talk.respond(UserTurn(text)).text for text in said]


def test_it_begins_when_asked_for_and_ends_by_itself(talk: Conversation) -> None:
    assert say(talk, ASK, "one", "two", "three") == [
        "Say one.", "That was 1.", "That was 2.", "That was 3.",
    ]  # fmt: skip
    assert "That was" not in say(talk, "four")[0]
    assert talk.activities.outcomes == [{"kind": "counting", "counted": 3}]


def test_its_mode_is_told(talk: Conversation) -> None:
    assert talk.respond(UserTurn(ASK)).mode is Mode.EXERCISE


def test_an_offer_needs_a_yes(talk: Conversation) -> None:
    assert say(talk, "I am so bored", "yes please") == ["Would you like to count?", "Say one."]


def test_a_no_is_taken_and_it_is_not_offered_again(talk: Conversation) -> None:
    offer, answer = say(talk, "I am so bored", "no thank you")
    assert offer == "Would you like to count?"
    assert "count" not in answer
    later = say(talk, *["I am still bored with all of it"] * 8)
    assert "Would you like to count?" not in later


def test_an_offer_stands_for_one_turn(talk: Conversation) -> None:
    replies = say(talk, "I am so bored", "My sister called me yesterday", "yes")
    assert "Say one." not in replies


def test_a_pause_leaves_it_and_the_caller_comes_back(talk: Conversation) -> None:
    replies = say(talk, ASK, "one", "wait, hold on", "My boss has called again", "can we go on")
    assert "That was" not in replies[2] + replies[3]
    assert replies[4].endswith("We had 1.")
    assert say(talk, "two") == ["That was 2."]


def test_it_can_be_left_at_any_time(talk: Conversation) -> None:
    replies = say(talk, ASK, "one", "I don't want to do this", "two")
    assert "That was 2." not in replies
    assert talk.activities.current is None
    assert talk.activities.outcomes == [{"kind": "counting", "counted": 1}]


def test_what_it_does_not_take_is_answered_by_ordinary_support(talk: Conversation) -> None:
    replies = say(talk, ASK, "why does nobody call me", "one")
    assert "Say one." not in replies[1]
    assert replies[2] == "That was 1."


def test_a_crisis_comes_first_and_the_activity_does_not_come_back_by_itself(
    talk: Conversation,
) -> None:
    say(talk, ASK)
    reply = talk.respond(UserTurn("I want to kill myself tonight"))
    assert reply.mode in (Mode.CRISIS, Mode.HANDOFF)
    assert talk.risk.level is not RiskLevel.NONE
    assert not any("That was" in text for text in say(talk, "one", "two", "three"))


def test_nothing_is_offered_to_somebody_at_risk(talk: Conversation) -> None:
    say(talk, "I want to kill myself tonight")
    assert "Would you like to count?" not in say(talk, *["I am so bored"] * 6)


def test_a_goodbye_ends_the_call_and_not_a_step(talk: Conversation) -> None:
    say(talk, ASK)
    assert talk.respond(UserTurn("goodbye")).end_call


def test_the_state_is_plain_json_and_comes_back(talk: Conversation) -> None:
    say(talk, ASK, "one")
    saved = json.loads(json.dumps(talk.activities.state()))
    other = Activities((CountingKind(),), random.Random(0))
    other.restore(saved)
    assert other.state() == talk.activities.state()
    assert other.current is not None
    assert other.current.again().text == "We had 1."


def test_a_saved_activity_of_an_unknown_kind_is_dropped(talk: Conversation) -> None:
    say(talk, ASK)
    other = Activities((), random.Random(0))
    other.restore(talk.activities.state())
    assert other.current is None


@dataclasses.dataclass
class Rehearsal(Counting):
    """Counting aloud to somebody else."""

    at: int = 0
    rehearsing = True


class RehearsalKind(CountingKind):
    def make(self, moment: Moment) -> Activity:
        return Rehearsal()


def test_words_meant_for_somebody_else_are_no_cue_and_no_fact(mind: Mind, clock: Clock) -> None:
    talk = Conversation(dataclasses.replace(mind, activities=(RehearsalKind(),)), clock=clock)
    talk.open()
    replies = say(talk, ASK, "No more jokes, I don't want this", "I love you but you lost my job")
    assert replies[1:] == ["That was 1.", "That was 2."]
    assert talk.last_thinking.facts == {}
    assert "That was" not in say(talk, "are you a real person?")[0]
    assert "That was" not in say(talk, "can we stop the practice")[0]
    assert talk.activities.current is None
