"""The caller puts right what was understood, and it stays so."""

from __future__ import annotations

import pytest

from voice_agent.contracts import UserTurn
from voice_agent.think import Conversation, Mind
from voice_agent.think.correction import Correction, correction_in
from voice_agent.think.understand import Understander

from .conftest import Clock

ASK = "what have you understood so far"


@pytest.fixture
def talk(mind: Mind, clock: Clock) -> Conversation:
    talk = Conversation(mind, clock=clock)
    talk.open()
    return talk


def say(talk: Conversation, *said: str) -> list[str]:
    return [talk.respond(UserTurn(text)).text for text in said]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("no, it's not my boss, it's my sister", "person"),
        ("I meant my sister, not my boss", "person"),
        ("that's not why", "cause"),
        ("it has nothing to do with the divorce", "cause"),
        ("I'm not angry, I'm scared", "feeling"),
        ("no I didn't lose my job", "event"),
        ("no", "unclear"),
        ("yes exactly", "right"),
        ("my boss called again", None),
    ],
)
def test_kinds_of_correction(said: str, kind: str | None) -> None:
    insight = Understander().understand(UserTurn(said), 3)
    found = correction_in(insight, summed_up=True)
    assert (found.kind if found else None) == kind
    if kind not in ("person", "cause"):
        assert correction_in(insight, summed_up=False) is None


def test_another_person(talk: Conversation) -> None:
    say(talk, "my boss yells at me every day", "I can't sleep")
    reply = say(talk, "no, it's not my boss, it's my sister")[0]
    assert "your sister" in reply
    assert "your boss" not in str(talk.last_thinking.facts)
    summary = say(talk, ASK)[0]
    assert "sister" in summary and "boss" not in summary


def test_another_cause_wins_over_later_inference(talk: Conversation) -> None:
    say(talk, "I can't sleep because my boss calls me")
    assert talk.last_thinking.root_cause == "your boss calls you"
    reply = say(talk, "that's not why, it's because the baby cries")[0]
    assert "the baby cries" in reply
    assert talk.last_thinking.root_cause == "the baby cries"
    say(talk, "I can't sleep because my boss calls me")
    assert "your boss calls you" not in talk.last_thinking.causal_chain


def test_a_feeling_and_an_event_are_taken_back(talk: Conversation) -> None:
    say(talk, "I lost my job and I feel so angry", ASK)
    say(talk, "I'm not angry, I'm scared")
    assert "anger" not in say(talk, ASK)[0]
    say(talk, "no I didn't lose my job")
    say(talk, "they say I lost my job")
    assert "your job" not in str(talk.last_thinking.facts) + say(talk, ASK)[0]


def test_a_bare_no_after_a_summary_is_asked_about_and_a_yes_is_taken(talk: Conversation) -> None:
    say(talk, "my mom died in March", ASK)
    assert say(talk, "no, not quite")[0].count("?") <= 1
    assert say(talk, ASK, "yes, that's right")[1]
    assert talk.last_thinking.facts


def test_the_summary_is_not_the_record(talk: Conversation) -> None:
    say(talk, "my boss yells at me", "it's all my fault", "what should I do?")
    summary = say(talk, ASK)[0]
    record = talk.last_thinking
    assert not any(note in summary for note in record.what_not_to_say)
    assert record.thought_trap is None or record.thought_trap not in summary


def test_an_empty_correction_leaves_things_as_they_are(talk: Conversation) -> None:
    say(talk, "hello there", ASK, "that's not why")
    talk._dialogue.correct(Correction("event", "no such event"))
    assert talk.last_thinking.causal_chain == ()
