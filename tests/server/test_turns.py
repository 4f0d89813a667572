"""Turns that the ears or the client end, answered at once or when asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.turns import NOTHING, Turns, joined
from server.wires.events import Ask, TurnTaking
from voice_agent.contracts import UserTurn
from voice_agent.listen.events import TurnEnded

ON_REQUEST = TurnTaking(answers=False)
PUSH_TO_TALK = TurnTaking(hears=False, answers=False, interrupts=False)


def turn(text, start=0.0, end=1.0):
    return TurnEnded(UserTurn(text, t_start=start, t_end=end), 600.0, 5.0)


class Desk:
    """Turns with everything that they told and answered."""

    def __init__(self, taking=None):
        self.told, self.answered = [], []
        self.turns = Turns(
            lambda turn: self.told.append(turn.turn.text),
            lambda turn, silent: self.answered.append((turn and turn.turn.text, silent)),
        )
        if taking is not None:
            self.turns.taking = taking


def test_turns_are_answered_at_once_where_nobody_says_otherwise():
    desk = Desk()
    desk.turns.ended(turn("one"))
    desk.turns.silent = True
    desk.turns.ended(turn("two"))
    assert desk.told == ["one", "two"]
    assert desk.answered == [("one", False), ("two", True)]


def test_on_request_turns_wait_and_are_answered_as_one():
    desk = Desk(ON_REQUEST)
    desk.turns.ended(turn("one"))
    desk.turns.ended(turn("two"))
    assert desk.told == ["one", "two"]
    assert desk.answered == []
    desk.turns.ask(Ask("three", silent=True))
    desk.turns.ask(Ask())
    assert desk.answered == [("one two three", True), (None, False)]


def test_push_to_talk_waits_for_the_ears_and_answers_once():
    desk = Desk(PUSH_TO_TALK)
    desk.turns.ended(turn("one"))
    desk.turns.commit()
    desk.turns.ask(Ask())
    desk.turns.ended(turn("two"))
    assert (desk.told, desk.answered) == ([], [])
    desk.turns.flushed()
    assert desk.told == ["one two"]
    assert desk.answered == [("one two", False)]


def test_what_is_discarded_is_not_heard_and_an_empty_commit_is_an_empty_turn():
    desk = Desk(PUSH_TO_TALK)
    desk.turns.ended(turn("cough"))
    desk.turns.discard()
    desk.turns.commit()
    desk.turns.flushed()
    assert desk.told == [""]
    assert desk.answered == []


def test_two_commits_and_one_wish_are_answered_after_both():
    desk = Desk(PUSH_TO_TALK)
    desk.turns.commit()
    desk.turns.commit()
    desk.turns.ask(Ask())
    desk.turns.ended(turn("one"))
    desk.turns.flushed()
    assert desk.answered == []
    desk.turns.ended(turn("two"))
    desk.turns.flushed()
    assert desk.told == ["one", "two"]
    assert desk.answered == [("one two", False)]


@given(st.lists(st.text("ab", max_size=3), max_size=5))
def test_joined_turns_have_all_words_and_the_whole_time(texts):
    turns = [turn(text, start=k, end=k + 0.5) for k, text in enumerate(texts)]
    whole = joined(turns)
    assert whole.turn.text.split() == [text for text in texts if text]
    if turns:
        assert (whole.turn.t_start, whole.turn.t_end) == (0, len(turns) - 0.5)
    else:
        assert whole == NOTHING


@pytest.mark.parametrize("asks", [1, 3])
def test_asking_for_nothing_is_passed_on(asks):
    desk = Desk()
    for _ in range(asks):
        desk.turns.ask(Ask())
    assert desk.answered == [(None, False)] * asks
