"""The private record: facts, causes, traps, what is unknown; and its plain summary."""

from __future__ import annotations

import json

import pytest

from voice_agent.contracts import to_json
from voice_agent.think.thinking import summary, thought_trap, trap_question
from voice_agent.think.words import hear

from .talks import dialogue, record


def test_causes_come_before_effects_in_both_word_orders() -> None:
    forward = record(*dialogue("my manager keeps adding late shifts so I can't sleep"))
    backward = record(*dialogue("I can't sleep because my manager keeps adding late shifts"))
    assert forward.causal_chain == backward.causal_chain
    assert forward.causal_chain == ("your manager keeps adding late shifts", "you can't sleep")
    assert forward.root_cause == "your manager keeps adding late shifts"


def test_it_knows_what_it_does_not_know() -> None:
    thin = record(*dialogue("hello"))
    assert "what" in thin.unknown
    assert thin.root_cause is None
    full = record(*dialogue("my boss yells at me since last summer and I can't sleep"))
    assert "what" not in full.unknown
    assert "when" not in full.unknown
    assert full.confidence > thin.confidence


def test_it_keeps_away_from_advice_until_asked() -> None:
    talk = dialogue("my boss yells at me")
    assert "no advice without permission" in record(*talk).what_not_to_say
    asked = dialogue("my boss yells at me", "what should I do?")
    assert "no advice without permission" not in record(*asked).what_not_to_say
    assert record(*asked).next_step_options


def test_steps_already_offered_are_not_offered_again() -> None:
    talk, insight = dialogue("my boss yells at me", "what should I do?")
    first = record(talk, insight).next_step_options[0]
    talk.offered.add(first)
    assert first not in record(talk, insight).next_step_options


@pytest.mark.parametrize(
    ("said", "trap"),
    [
        ("what if I end up homeless", "catastrophising"),
        ("everyone thinks I am stupid, they must think I'm lazy", "mind_reading"),
        ("I'm such a failure", "labelling"),
        ("it's all my fault", "personalising"),
        ("the train was late", None),
    ],
)
def test_thinking_traps(said: str, trap: str | None) -> None:
    assert thought_trap(hear(said), ()) == trap
    assert bool(trap_question(trap)) == (trap is not None)


def test_the_summary_is_plain_and_open_to_correction() -> None:
    talk, insight = dialogue("my boss yells at me and I feel so angry", "I can't sleep")
    text = summary(talk, record(talk, insight))
    assert "your boss has been hard on you" in text.lower()
    assert "anger" in text
    assert text.endswith("wrong?")
    empty, nothing = dialogue("hello")
    assert "Not much yet" in summary(empty, record(empty, nothing))


def test_the_record_is_plain_json() -> None:
    value = to_json(record(*dialogue("my mom died and it's all my fault")))
    assert json.loads(json.dumps(value)) == value
