"""The ladder: up at once, down slowly, and never by a denial alone."""

from __future__ import annotations

import dataclasses

import pytest

from voice_agent.contracts import RiskLevel, RiskState
from voice_agent.think.crisis import CALM_TURNS, Answer, after_turn, raised, says, short_answer_of
from voice_agent.think.guard_in import Alarm, listen_for_crisis

CALM = Alarm()


def after(state: RiskState, said: str, asked: str = "", turn: int = 1) -> RiskState:
    return after_turn(state, listen_for_crisis(said), asked, short_answer_of(said), turn)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Yes.", Answer.YES),
        ("yeah, sometimes", Answer.YES),
        ("I do", Answer.YES),
        ("well, maybe a little", Answer.YES),
        ("No, not today", Answer.NO),
        ("nope", Answer.NO),
        ("I'm not", Answer.NO),
        ("I don't know", Answer.UNCLEAR),
        ("it's my work", Answer.UNCLEAR),
        ("", Answer.UNCLEAR),
    ],
)
def test_answers(said: str, answer: Answer) -> None:
    assert short_answer_of(said) is answer


def test_a_yes_means_what_was_asked() -> None:
    low = raised(RiskState(), RiskLevel.LOW, "suicidal_ideation", ("burden",), 0)
    high = after(low, "yes", asked="ideation")
    assert high.level is RiskLevel.HIGH
    assert after(high, "yes", asked="today").level is RiskLevel.IMMINENT
    assert after(high, "yes", asked="means").level is RiskLevel.IMMINENT
    assert after(high, "yes", asked="people").level is RiskLevel.HIGH
    assert after(RiskState(), "yes", asked="").level is RiskLevel.NONE


def test_means_and_times_count_in_the_light_of_what_was_said_before() -> None:
    high = after(RiskState(), "I want to die")
    assert after(high, "I have pills here").level is RiskLevel.IMMINENT
    assert after(high, "tonight", asked="today").level is RiskLevel.IMMINENT
    assert after(high, "I see my kids tonight").level is RiskLevel.HIGH
    assert after(RiskState(), "I have pills here").level is RiskLevel.NONE


def test_a_denial_does_not_close_it() -> None:
    high = after(RiskState(), "I want to die")
    denied = after(high, "no, I would never kill myself, forget I said it", asked="today")
    assert denied.level is RiskLevel.HIGH


def test_a_lower_source_never_lowers() -> None:
    imminent = raised(RiskState(), RiskLevel.IMMINENT, "suicidal_ideation", ("about_to",), 0)
    later = raised(imminent, RiskLevel.LOW, "eating_disorder", ("eating",), 3)
    assert later.level is RiskLevel.IMMINENT
    assert later.category == "suicidal_ideation"
    assert later.evidence == ("about_to", "eating")
    assert later.handoff


@pytest.mark.parametrize("level", [RiskLevel.LOW, RiskLevel.HIGH, RiskLevel.IMMINENT])
def test_it_sinks_one_rung_after_many_calm_turns_and_only_once_asked(level: RiskLevel) -> None:
    state = raised(RiskState(), level, "suicidal_ideation", ("x",), 0)
    for turn in range(CALM_TURNS[level] + 3):
        state = after_turn(state, CALM, "", Answer.UNCLEAR, turn)
    assert state.level is level
    asked = dataclasses.replace(state, asked_directly=True, calm_turns=0)
    for turn in range(CALM_TURNS[level] - 1):
        asked = after_turn(asked, CALM, "", Answer.UNCLEAR, turn)
        assert asked.level is level
    assert after_turn(asked, CALM, "", Answer.UNCLEAR, 99).level.rank == level.rank - 1


def test_new_evidence_starts_the_calm_count_again() -> None:
    state = dataclasses.replace(after(RiskState(), "I want to die"), calm_turns=9)
    assert after(state, "I can't go on like this").calm_turns == 0


def test_what_callers_ask_for_in_a_crisis() -> None:
    assert says("repeat", "what was that number again?")
    assert says("safer", "my sister is here with me")
    assert not says("safer", "nobody is here")
