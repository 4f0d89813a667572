"""A whole rehearsal: asked for or offered, paused, left, resumed, cut off by a crisis."""

from __future__ import annotations

import json

import pytest

from voice_agent.contracts import Mode, UserTurn
from voice_agent.think import Conversation, Mind
from voice_agent.think.practice.skills import Skill
from voice_agent.think.practice.talk import NAME, PracticeKind

from ..conftest import Clock

START = [
    "can I practise talking to my boss",
    "she rings me every Sunday and I feel exhausted",
    "I want her to stop ringing me on Sundays",
    "easy",
    "seven",
    "three",
]
GOOD = (
    "On Sunday you rang me twice. I feel exhausted. I want you to stop ringing me on Sundays, "
    "then you will get me rested. Or shall we swap a day?"
)


@pytest.fixture
def talk(mind: Mind, clock: Clock) -> Conversation:
    talk = Conversation(mind, clock=clock)
    talk.open()
    return talk


def say(talk: Conversation, *said: str) -> list[str]:
    return [talk.respond(UserTurn(text)).text for text in said]


def test_from_the_ask_to_the_report(talk: Conversation) -> None:
    replies = say(talk, *START)
    assert "AI" in replies[0] and "pause" in replies[0]
    assert "your boss now, played by an AI" in replies[-1]
    feedback, partner = say(talk, GOOD, "send it")
    assert feedback.endswith("Send it, or say it again?")
    assert partner.startswith('As your boss: "')
    assert "Let's step out" in partner
    summary = say(talk, "four", "seven")[-1]
    assert "from 7 to 4" in summary and "from 3 to 7" in summary
    (report,) = talk.activities.outcomes
    assert report["before"] == {"emotion": 7, "confidence": 3}
    assert report["after"] == {"emotion": 4, "confidence": 7}
    assert report["agreed"] is True
    assert report["skills"][Skill.ASSERT] == ["strong"]
    assert "Sunday" not in json.dumps(report)


def test_a_line_said_again_is_graded_again_and_only_the_sent_one_counts(talk: Conversation) -> None:
    say(talk, *START)
    first = say(talk, "sorry, maybe you could ring less, if that's okay")[0]
    assert "Try:" in first
    better = say(talk, "say it again", "I need my Sundays free")[1]
    assert better.startswith(("Better", "That's stronger"))
    say(talk, "I need my Sundays free from now on", "send it", "that is enough practice", "5", "5")
    report = talk.activities.outcomes[0]
    assert (report["attempts"], report["sent"]) == (3, 1)


def test_what_is_said_in_the_role_is_no_fact_about_the_caller(talk: Conversation) -> None:
    say(talk, *START)
    before = talk.last_thinking
    say(talk, "I lost my job and my mom died and I love you", "send")
    assert talk.last_thinking == before
    assert talk.activities.current is not None


def test_pause_leaves_the_role_at_once_and_it_can_be_taken_up_again(talk: Conversation) -> None:
    say(talk, *START, GOOD)
    paused = talk.respond(UserTurn("pause"))
    assert paused.mode is Mode.SUPPORT and talk.activities.current is None
    assert "As your boss" not in say(talk, "my sister called")[0]
    assert "I'm your boss" in say(talk, "can we go on")[0]


@pytest.mark.parametrize("said", ["stop the role play", "I want to stop practising", "stop"])
def test_it_can_be_left(talk: Conversation, said: str) -> None:
    say(talk, *START, said)
    assert talk.activities.current is None
    assert talk.activities.outcomes[0]["kind"] == NAME


@pytest.mark.parametrize("said", ["No more calls", "I don't want this anymore", "Goodbye"])
def test_lines_that_sound_like_leaving_are_lines(talk: Conversation, said: str) -> None:
    say(talk, *START, said)
    assert talk.activities.current is not None


def test_a_crisis_leaves_the_role_at_once(talk: Conversation) -> None:
    say(talk, *START)
    reply = talk.respond(UserTurn("I want to kill myself tonight"))
    assert reply.mode in (Mode.CRISIS, Mode.HANDOFF)
    assert talk.activities.current is None
    assert "As your boss" not in " ".join(say(talk, "yes", "I don't know"))


def test_it_is_offered_where_a_talk_is_planned_and_needs_a_yes(talk: Conversation) -> None:
    offer, begun = say(talk, "I don't know how to tell my landlord no", "yes please")
    assert "your landlord" in offer and "AI" in offer
    assert "I'll play your landlord" in begun


def test_a_mumbled_number_is_asked_for_once_more_and_then_left(talk: Conversation) -> None:
    replies = say(talk, *START[:4], "dunno", "still dunno", "three")
    assert "number" in replies[4]
    assert "how sure" in replies[5]


def test_its_state_is_plain_json_and_comes_back(talk: Conversation, mind: Mind) -> None:
    say(talk, *START, GOOD, "send")
    rehearsal = talk.activities.current
    assert rehearsal is not None
    saved = json.loads(json.dumps(rehearsal.state()))
    kind = next(kind for kind in mind.activities if kind.name == NAME)
    assert isinstance(kind, PracticeKind)
    assert kind.restore(saved).state() == rehearsal.state()
