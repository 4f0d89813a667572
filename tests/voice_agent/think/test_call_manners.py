"""What a conversation says into silence and at the end of its time, and how it is tried out."""

from __future__ import annotations

import pytest

from voice_agent.contracts import RiskLevel, UserTurn
from voice_agent.think import Conversation, Mind

from .conftest import Clock

CALM, CRISIS = "I had a hard day at work.", "I want to kill myself tonight."


def begin(mind: Mind, clock: Clock, *said: str) -> Conversation:
    talk = Conversation(mind, clock=clock)
    talk.open()
    for text in said:
        talk.respond(UserTurn(text))
    return talk


def test_a_silent_caller_is_asked_twice_and_then_let_go_kindly(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock, CALM)
    said = [talk.silent(count) for count in (1, 2, 3)]
    assert [reply.end_call for reply in said] == [False, False, True]
    assert len({reply.text for reply in said}) == 3
    assert "again" in said[-1].text


def test_nobody_at_risk_is_let_go_for_being_silent_or_for_time(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock, CRISIS)
    assert talk.risk.level is not RiskLevel.NONE
    said = [talk.silent(count) for count in range(1, 9)]
    assert not any(reply.end_call for reply in said)
    assert said[0].text != said[1].text
    assert talk.closing(now=False) is None is talk.closing(now=True)


def test_time_is_told_before_it_is_up(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock, CALM)
    soon, now = talk.closing(now=False), talk.closing(now=True)
    assert soon is not None and not soon.end_call and "minutes" in soon.text
    assert now is not None and now.end_call and "again" in now.text


def test_a_fork_goes_on_by_itself_and_leaves_nothing_behind(mind: Mind, clock: Clock) -> None:
    talk, twin = begin(mind, clock, CALM), begin(mind, clock, CALM)
    fork = talk.fork()
    fork.respond(UserTurn(CRISIS))
    assert fork.risk.level is not RiskLevel.NONE is talk.risk.level
    assert talk.respond(UserTurn("I can't sleep.")) == twin.respond(UserTurn("I can't sleep."))


def test_an_answer_tried_on_a_fork_is_the_answer(mind: Mind, clock: Clock) -> None:
    talk, twin = begin(mind, clock, CALM), begin(mind, clock, CALM)
    fork = talk.fork()
    reply = fork.respond(UserTurn("I can't sleep."))
    before = talk.become(fork)
    assert reply == twin.respond(UserTurn("I can't sleep."))
    assert talk.report() == twin.report() != before.report()


@pytest.mark.parametrize("later", [CRISIS, "I can't sleep."])
def test_an_answer_taken_back_was_never_given(mind: Mind, clock: Clock, later: str) -> None:
    talk, twin = begin(mind, clock, CALM), begin(mind, clock, CALM)
    fork = talk.fork()
    fork.respond(UserTurn("And then I"))
    talk.become(talk.become(fork))
    assert talk.respond(UserTurn(f"And then I {later}")) == twin.respond(
        UserTurn(f"And then I {later}")
    )
