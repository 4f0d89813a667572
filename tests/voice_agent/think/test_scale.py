"""Scales: off by default, only asked for, no diagnosis, and death goes to the crisis path."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from codec.errors import SecoustiError
from voice_agent.contracts import Mode, Reply, RiskLevel, UserTurn
from voice_agent.think import Conversation, Mind
from voice_agent.think.activities import kinds_of_activity
from voice_agent.think.guard_out import banned
from voice_agent.think.scale_kinds import scales
from voice_agent.think.settings import ThinkSettings
from voice_agent.think.words import hear

from .conftest import Clock

PHQ = "could we do the nine questions about mood"
GAD = "can we do the anxiety questionnaire"


@pytest.fixture
def talk(mind: Mind, clock: Clock) -> Conversation:
    allowed = kinds_of_activity(ThinkSettings(scales=True))
    talk = Conversation(dataclasses.replace(mind, activities=allowed), clock=clock)
    talk.open()
    return talk


def say(talk: Conversation, *said: str) -> list[Reply]:
    return [talk.respond(UserTurn(text)) for text in said]


def test_they_are_off_by_default(mind: Mind, clock: Clock) -> None:
    talk = Conversation(mind, clock=clock)
    talk.open()
    assert say(talk, PHQ)[0].mode is not Mode.EXERCISE
    assert ThinkSettings.from_env({"SECOUSTI_SCALES": "true"}).scales


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("nearly every day", 3), ("all the time", 3), ("most days", 2), ("more than half", 2),
        ("a few days", 1), ("sometimes, not much", 1), ("not really", 0), ("never", 0), ("two", 2),
        ("no", 0), ("my cat is ill", None), ("seven", None),
    ],
)  # fmt: skip
def test_spoken_answers(said: str, score: int | None) -> None:
    phq = next(kind for kind in scales() if kind.name == "phq9")
    assert phq.questionnaire.score(hear(said)) == score


def test_the_total_is_told_in_the_published_word_and_no_diagnosis(talk: Conversation) -> None:
    replies = say(talk, GAD, *["more than half the days"] * 7)
    assert "14 of 21" in replies[-1].text
    assert "moderate" in replies[-1].text
    assert "isn't a diagnosis" in replies[-1].text
    assert "doctor" in replies[-1].text
    assert talk.activities.current is None


def test_an_unclear_answer_is_asked_again_once_and_then_left_open(talk: Conversation) -> None:
    replies = say(talk, GAD, "well my cat", "the cat again", *["never"] * 6)
    assert "Which comes closest" in replies[1].text
    assert "no total" in replies[-1].text


def test_an_item_may_be_skipped(talk: Conversation) -> None:
    first, second = say(talk, GAD, "skip that one")
    assert first.text != second.text
    assert "Which comes closest" not in second.text


@pytest.mark.parametrize(
    ("answer", "level"), [("a few days", RiskLevel.LOW), ("most days", RiskLevel.HIGH)]
)
def test_an_answer_about_death_goes_to_the_crisis_path_at_once(
    talk: Conversation, answer: str, level: RiskLevel
) -> None:
    *_, last = say(talk, PHQ, *["not at all"] * 8, answer)
    assert last.mode is Mode.CRISIS
    assert talk.risk.level.rank >= level.rank
    assert talk.activities.current is None


def test_nothing_about_death_and_the_scale_is_told(talk: Conversation) -> None:
    *_, last = say(talk, PHQ, *["not at all"] * 9)
    assert "0 of 27" in last.text
    assert talk.risk.level is RiskLevel.NONE


def test_every_band_is_reached_and_the_words_are_allowed() -> None:
    for kind in scales():
        about = kind.questionnaire
        for total in about.totals:
            words = {total.band(n) for n in range(about.highest * len(total.items) + 1)}
            assert words == {word for _, word in total.bands}
        assert not banned(" ".join((about.stem, about.called, *about.items)))


def test_the_published_cut_offs() -> None:
    """Kroenke, Spitzer and Williams 2001; Spitzer, Kroenke, Williams and Loewe 2006."""
    phq, gad = (
        next(k for k in scales() if k.name == name).questionnaire for name in ("phq9", "gad7")
    )
    assert [phq.totals[0].band(n) for n in (4, 5, 10, 15, 20)] == [
        "minimal", "mild", "moderate", "moderately severe", "severe",
    ]  # fmt: skip
    assert [gad.totals[0].band(n) for n in (4, 5, 10, 15)] == [
        "minimal", "mild", "moderate", "severe",
    ]  # fmt: skip
    assert phq.crisis_item == 9
    assert gad.crisis_item == 0


OWN = """
called = "five words about today"
asked_for = ['\\bfive words\\b']
stem = "To what extent do you feel this today:"
choices = "Not at all, a little, or very much?"
items = ["Cheerful.", "Tired.", "Calm."]
crisis_item = 0
lowest = 1
highest = 3
[[answer]]
score = 1
cues = ['\\bnot at all\\b']
[[answer]]
score = 2
cues = ['\\ba little\\b']
[[answer]]
score = 3
cues = ['\\bvery\\b']
[[total]]
called = "For the good ones that's"
items = [1, 3]
[[total]]
called = "For the hard one that's"
items = [2]
bands = [[2, "low"], [3, "high"]]
"""


def own_talk(mind: Mind, clock: Clock, folder: Path) -> Conversation:
    allowed = kinds_of_activity(ThinkSettings(scales=True, scales_folder=folder))
    talk = Conversation(dataclasses.replace(mind, activities=allowed), clock=clock)
    talk.open()
    return talk


def test_an_operator_brings_a_scale_with_its_own_answers_and_sums(
    mind: Mind, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "today.toml").write_text(OWN)
    talk = own_talk(mind, clock, tmp_path)
    *_, last = say(talk, "can we do the five words", "very", "a little", "not at all")
    assert "good ones that's 4 of 6." in last.text
    assert "hard one that's 2 of 3, which the people who made it call low" in last.text


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('called = "five words about today"', "", "called"),
        ("crisis_item = 0", "crisis_item = 4", "no item 4"),
        ("items = [1, 3]", "items = [1, 9]", "items that are not there"),
        ('[3, "high"]', '[5, "high"]', "bands"),
        ("highest = 3", "highest = 2", "answer"),
        ("lowest = 1", "lowest = [", "cannot be read"),
    ],
)
def test_a_scale_that_does_not_hold_together_is_refused_with_its_reason(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in OWN
    (tmp_path / "today.toml").write_text(OWN.replace(old, new, 1))
    with pytest.raises(SecoustiError, match=complaint):
        scales(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="no folder of scales"):
        scales(tmp_path / "none")


def test_a_pause_and_the_same_item_again(talk: Conversation) -> None:
    replies = say(talk, GAD, "never", "wait a moment", "okay, can we go on")
    item = next(k for k in scales() if k.name == "gad7").questionnaire.items[1]
    assert item in replies[1].text
    assert item not in replies[2].text
    assert item in replies[3].text


def test_no_score_is_in_the_report(talk: Conversation) -> None:
    say(talk, GAD, *["nearly every day"] * 7)
    assert talk.report().activities == ({"kind": "gad7", "ended": "finished", "answered": 7},)


def test_where_the_questions_make_it_worse_they_end(talk: Conversation) -> None:
    say(talk, GAD, "never", "this is making me feel worse")
    assert talk.activities.current is None
    assert talk.report().activities == ({"kind": "gad7", "ended": "left", "answered": 1},)
