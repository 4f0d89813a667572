"""Events, people and times in words that may be said back."""

from __future__ import annotations

import pytest

from voice_agent.think.facts import events, facts
from voice_agent.think.words import hear


@pytest.mark.parametrize(
    ("said", "event"),
    [
        ("my manager keeps adding late shifts", "workload"),
        ("I lost my job last week", "lost_job"),
        ("they might let me go, I could lose my job", "job_at_risk"),
        ("my mom died in March", "death"),
        ("we put our dog down", "death"),
        ("I can't sleep", "no_sleep"),
        ("I keep snapping at my kids", "snaps"),
        ("my wife and I fight all the time", "partner_fights"),
        ("I don't have anyone to talk to", "nobody"),
        ("I feel like such a failure", "not_enough"),
        ("my sister checks in on me", "has_someone"),
        ("I go for a walk every day", "moves_body"),
    ],
)
def test_events(said: str, event: str) -> None:
    assert event in {found.id for found in events(hear(said))}


def test_what_did_not_happen_is_no_event() -> None:
    assert not events(hear("I'm not crying"))


def test_people_and_times_come_from_closed_lists() -> None:
    found = {
        fact.kind: fact.text for fact in facts(hear("my boss yells at me since last summer"), 2)
    }
    assert found["who"] == "your boss"
    assert found["when"] == "since last summer"
    assert found["what"] == "your boss has been hard on you"


def test_verbs_agree_with_one_person_and_with_many() -> None:
    one = events(hear("my mom keeps criticizing me"))[0]
    many = events(hear("my parents keep criticizing me"))[0]
    assert one.said == "your mom puts a lot of pressure on you"
    assert many.said == "your parents put a lot of pressure on you"


def test_a_telling_event_stands_alone() -> None:
    ids = [event.id for event in events(hear("my manager keeps adding late shifts"))]
    assert ids == ["workload"]
