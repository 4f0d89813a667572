"""An exercise, kept with its call: who was cut off goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.parts import Known
from server.store.keeper import state_of
from server.store.place import place_of
from server.store.store import UNDERWAY_S, CallStore, Entry, Outcome, State
from server.wires.closing import CloseCode
from voice_agent.contracts import Mode, Reply, RiskLevel, RiskState, UserTurn
from voice_agent.think import Conversation, Mind, ThinkSettings

ASKS = "Can we do a thought record?"
SCENE = "I was at work and my boss laughed at my plan."
THOUGHT = "They all think I'm stupid."


@pytest.fixture(scope="module")
def mind() -> Mind:
    return Mind.load(ThinkSettings(use_vectors=False, scales=True))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CallStore]:
    store = CallStore(place_of(str(tmp_path / "calls")))
    store.begin(Entry("s1", "native", "", 1000.0, "c1"))
    yield store
    store.close()


def begun(mind: Mind, known: Known | None = None) -> tuple[Conversation, Reply]:
    """A call as the house begins it."""
    call = Conversation(
        mind,
        clock=lambda: 0.0,
        risk=known and known.risk,
        activities=known and known.activities,
    )
    return call, call.open()


def broken(mind: Mind, store: CallStore, *said: str) -> Known:
    """What is known after a call of these turns whose server was killed."""
    call, _ = begun(mind)
    for text in said:
        call.respond(UserTurn(text))
        store.keep("s1", state_of(call, 1000.0))
    return store.known("c1", now=1060.0)


def test_an_exercise_goes_on_where_it_was(mind: Mind, store: CallStore) -> None:
    known = broken(mind, store, ASKS, SCENE)
    assert json.loads(json.dumps(known.activities)) == known.activities
    call, opening = begun(mind, known)
    assert "AI" in opening.text and opening.text.endswith("?")
    assert "broke off" in opening.text or "cut off" in opening.text
    assert call.activities.current is None
    back = call.respond(UserTurn("Yes please."))
    assert back.mode is Mode.EXERCISE and "mind" in back.text  # the second question, not the first
    closer = call.respond(UserTurn(THOUGHT))
    assert "ten" in closer.text  # and on to the third


def test_who_does_not_want_to_go_on_is_left_in_peace(mind: Mind, store: CallStore) -> None:
    call, _ = begun(mind, broken(mind, store, ASKS, SCENE))
    assert call.respond(UserTurn("No.")).mode is Mode.SUPPORT
    assert call.activities.current is None and call.activities.paused is None
    assert call.report().activities[0]["ended"] == "left"


def test_a_scale_goes_on_at_its_open_item(mind: Mind, store: CallStore) -> None:
    known = broken(mind, store, "Can I do the depression questionnaire?", "Yes.", "Several days.")
    assert known.activities is not None and known.activities["current"]["kind"] == "phq9"
    call, _ = begun(mind, known)
    before = known.activities["current"]["state"]["answers"]
    call.respond(UserTurn("Yes."))
    assert call.activities.current is not None
    assert call.activities.current.state()["answers"] == before


def test_at_risk_it_rests_until_the_caller_asks(mind: Mind, store: CallStore) -> None:
    known = broken(mind, store, ASKS, SCENE)
    risk = RiskState(level=RiskLevel.HIGH, category="suicidal_ideation")
    call, opening = begun(mind, Known(risk, (), known.activities))
    assert "off" not in opening.text
    assert call.activities.paused is not None


def test_a_state_that_cannot_be_read_is_no_fault_of_the_caller(mind: Mind) -> None:
    for state in ({}, {"current": {"kind": "thought_record", "state": {"at": 99}}}):
        call, opening = begun(mind, Known(activities=state))
        assert opening.text.endswith("?") and call.activities.paused is None


def test_a_goodbye_ends_it(mind: Mind, store: CallStore) -> None:
    call, _ = begun(mind)
    for text in (ASKS, SCENE):
        call.respond(UserTurn(text))
    outcome = Outcome(1010.0, CloseCode.NORMAL, "goodbye")
    store.keep("s1", state_of(call, 1010.0), outcome)
    assert store.known("c1", now=1011.0).activities is None


HALFWAY = {"current": {"kind": "telling", "state": {"at": 1}}, "paused": None}


def halfway() -> State:
    return State(RiskState(), (), {}, HALFWAY, 1000.0)


def test_what_is_under_way_waits_for_a_caller_whose_call_broke_off(store: CallStore) -> None:
    store.keep("s1", halfway())
    assert store.known("c1", now=1010.0).activities == HALFWAY  # the server was killed
    store.keep("s1", None, Outcome(1020.0, CloseCode.GOING_AWAY, "the server is shutting down"))
    assert store.known("c1", now=1030.0).activities == HALFWAY
    assert store.export("c1")["underway"]["state"] == HALFWAY
    assert store.known("c1", now=1000.0 + UNDERWAY_S + 1).activities is None
    store.sweep(now=1000.0 + UNDERWAY_S + 1, keep_s=10_000_000.0)
    assert store.export("c1")["underway"] is None


@pytest.mark.parametrize("underway", [None, HALFWAY])
def test_nothing_waits_once_it_is_over_or_the_call_was_ended(
    store: CallStore, underway: dict[str, Any] | None
) -> None:
    store.keep("s1", halfway())
    outcome = None if underway is None else Outcome(1010.0, CloseCode.NORMAL, "goodbye")
    store.keep("s1", State(RiskState(), (), {}, underway, 1010.0), outcome)
    assert store.known("c1", now=1011.0).activities is None


def test_what_is_under_way_goes_with_its_caller(store: CallStore) -> None:
    store.keep("s1", halfway())
    store.forget("c1")
    store.begin(Entry("s2", "native", "", 1000.5, "c1"))
    assert store.known("c1", now=1001.0).activities is None
