"""The first guard: every rung of the ladder, and the traps that sound like one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.contracts import RiskLevel
from voice_agent.think.guard_in import listen_for_crisis

from . import crisis_cases

CASES = [
    (RiskLevel.NONE, crisis_cases.NONE),
    (RiskLevel.LOW, crisis_cases.LOW),
    (RiskLevel.HIGH, crisis_cases.HIGH),
    (RiskLevel.IMMINENT, crisis_cases.IMMINENT),
]


@pytest.mark.parametrize(
    ("level", "said"), [(level, said) for level, texts in CASES for said in texts]
)
def test_level(level: RiskLevel, said: str) -> None:
    assert listen_for_crisis(said).level is level


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ("my friend killed himself last year", "bereavement"),
        ("I think my sister wants to kill herself", "third_party_concern"),
        ("I've been cutting myself again", "self_harm"),
        ("I want to stab him", "violent_thoughts"),
        ("he's choking me", "danger_from_others"),
        ("he hits my kids", "child_abuse"),
        ("the voices tell me to hurt people", "psychosis"),
        ("I starve myself", "eating_disorder"),
        ("I'm having a panic attack", "anxiety_crisis"),
        ("I think I'm having a stroke", "medical_emergency"),
        ("I don't care if I wake up", "risk_taking"),
        ("I'm in bad withdrawal", "substance"),
    ],
)
def test_category(said: str, category: str) -> None:
    assert listen_for_crisis(said).category == category


def test_evidence_names_rules_and_never_the_words() -> None:
    alarm = listen_for_crisis("Sarah, I want to die")
    assert alarm.evidence == ("wants_to_die",)


def test_a_denial_is_noted() -> None:
    assert listen_for_crisis("I'd never kill myself").denied
    assert not listen_for_crisis("I want to kill myself").denied


def test_one_long_turn_takes_under_ten_milliseconds() -> None:
    turn = " and then ".join(crisis_cases.NONE[:12])
    listen_for_crisis(turn)
    start = time.process_time()
    for _ in range(5):
        listen_for_crisis(turn)
    assert (time.process_time() - start) / 5 < 0.05  # of its own time; aim: .01


@given(st.text(max_size=300))
def test_any_text_is_judged(text: str) -> None:
    assert listen_for_crisis(text).level in RiskLevel
