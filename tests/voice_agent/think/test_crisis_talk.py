"""Crisis scripts: one step a turn, ids that can be rendered ahead, resources named once."""

from __future__ import annotations

import dataclasses

import pytest

from voice_agent.contracts import RiskLevel, RiskState
from voice_agent.think.crisis import Answer, raised
from voice_agent.think.crisis_talk import CrisisTalk, Line, crisis_scripts
from voice_agent.think.guard_in import rules
from voice_agent.think.locale import Locale
from voice_agent.think.tables import table_names

LOCALES = table_names("locales")
WHY = "suicidal_ideation"


def state(level: RiskLevel, category: str = WHY, *evidence: str) -> RiskState:
    return raised(RiskState(), level, category, evidence or ("x",), 0)


def say(
    talk: CrisisTalk, risk: RiskState, answer: Answer = Answer.UNCLEAR, turn: int = 0,
    text: str = "", fresh: bool = False,
) -> Line | None:  # fmt: skip
    return talk.line(risk, text, answer, turn, fresh=fresh)


@pytest.mark.parametrize("code", LOCALES)
def test_every_script_of_every_locale_is_complete_and_sayable(code: str) -> None:
    scripts = crisis_scripts(code)
    assert len(set(scripts)) == len(scripts) > 100
    for name, text in scripts.items():
        assert name.startswith(f"{code}/")
        assert "{" not in text
        assert len(text.split()) <= 50
        assert not any(c.isdigit() for c in text)


def test_every_alarm_has_something_to_say() -> None:
    for rule in rules():
        if rule.level is RiskLevel.NONE:
            continue
        talk = CrisisTalk(Locale.load("US"))
        assert say(talk, state(rule.level, rule.category, rule.id), fresh=True) is not None


def test_watch_asks_directly_then_hears_the_answer_then_lets_go() -> None:
    talk, low = CrisisTalk(Locale.load("US")), state(RiskLevel.LOW)
    first = say(talk, low, fresh=True)
    assert first is not None
    assert first.asks == "ideation"
    second = say(talk, low, Answer.NO, 1)
    assert second is not None
    assert "say_no" in second.id
    assert talk.asked == ""
    assert say(talk, low, turn=2) is None


def test_an_evaded_question_is_asked_once_more() -> None:
    talk, low = CrisisTalk(Locale.load("US")), state(RiskLevel.LOW)
    say(talk, low, fresh=True)
    second = say(talk, low, Answer.UNCLEAR, 1)
    assert second is not None
    assert second.asks == "ideation"


def test_high_names_the_line_and_asks_one_thing_at_a_time() -> None:
    talk, high = CrisisTalk(Locale.load("US")), state(RiskLevel.HIGH)
    steps = [say(talk, high, turn=turn) for turn in range(6)]
    asks = [line.asks for line in steps if line]
    assert asks == ["today", "plan", "means", "people", "", "call"]
    assert steps[0] is not None
    assert steps[0].resource == "US:988"
    assert "nine, eight, eight" in steps[0].text
    assert all(line.text.count("?") <= 1 for line in steps if line)


def test_without_a_plan_its_means_are_not_asked_about() -> None:
    talk, high = CrisisTalk(Locale.load("US")), state(RiskLevel.HIGH)
    say(talk, high, turn=0)
    say(talk, high, turn=1)
    third = say(talk, high, Answer.NO, 2)
    assert third is not None
    assert third.asks == "people"


def test_a_resource_given_is_not_read_out_again_unless_asked_for() -> None:
    talk = CrisisTalk(Locale.load("US"))
    known = dataclasses.replace(state(RiskLevel.HIGH), resources_given=("US:988",))
    first = say(talk, known)
    assert first is not None
    assert "nine" not in first.text
    again = say(talk, known, text="what was that number?")
    assert again is not None
    assert again.text.count("nine. eight. eight") == 2


def test_imminent_calls_for_emergency_help_first_and_never_falls_silent() -> None:
    talk, imminent = CrisisTalk(Locale.load("UK")), state(RiskLevel.IMMINENT)
    lines = [say(talk, imminent, turn=turn) for turn in range(16)]
    assert lines[0] is not None
    assert "nine, nine, nine" in lines[0].text
    texts = [line.text for line in lines if line]
    assert len(texts) == 16
    assert len(set(texts)) == 16


def test_an_attempt_in_progress_is_a_medical_matter() -> None:
    talk = CrisisTalk(Locale.load("US"))
    line = say(talk, state(RiskLevel.IMMINENT, WHY, "attempt_in_progress"))
    assert line is not None
    assert line.id.startswith("US/attempt/imminent/emergency")


def test_a_caller_known_from_before_is_asked_at_the_start() -> None:
    talk = CrisisTalk(Locale.load("US"), returning=True)
    line = say(talk, state(RiskLevel.LOW))
    assert line is not None
    assert line.id.startswith("US/returning")
    assert line.asks == "ideation"


def test_repeated_disclosure_is_gone_through_again_in_other_words() -> None:
    talk, high = CrisisTalk(Locale.load("US")), state(RiskLevel.HIGH)
    first = say(talk, high, turn=0, fresh=True)
    for turn in range(1, 9):
        say(talk, high, turn=turn)
    known = dataclasses.replace(high, resources_given=("US:988",))
    again = say(talk, known, turn=9, fresh=True)
    assert first is not None
    assert again is not None
    assert again.asks == "today"
    assert again.text != first.text


def test_the_ordinary_talk_goes_on_in_a_calmer_call_with_checks_in_between() -> None:
    talk = CrisisTalk(Locale.load("US"))
    calm = dataclasses.replace(state(RiskLevel.HIGH), calm_turns=3)
    said = [say(talk, calm, turn=turn) for turn in range(14)]
    assert None in said[6:]
    assert any(line and "/check/" in line.id for line in said[6:])


def test_an_unheard_question_is_not_open() -> None:
    talk = CrisisTalk(Locale.load("US"))
    line = say(talk, state(RiskLevel.LOW), fresh=True)
    assert line is not None
    talk.unsay(line.id)
    assert talk.asked == ""
