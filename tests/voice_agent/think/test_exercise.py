"""Exercises walked through by callers of many kinds, and the lints of their data."""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise

import pytest

from voice_agent.contracts import Mode, Reply, RiskLevel, Stage, UserTurn
from voice_agent.think import Conversation, Mind
from voice_agent.think.activity import Activities, says
from voice_agent.think.exercise_kinds import ExerciseKind, exercises
from voice_agent.think.guard_out import banned
from voice_agent.think.mi import sentences
from voice_agent.think.tables import table
from voice_agent.think.words import hear

from .conftest import Clock

ALL = {kind.name: kind for kind in exercises()}
NAMED = {
    "grounding": "can we do the grounding thing",
    "breathing": "can we do the breathing thing",
    "thought_record": "can we do a thought record",
    "telling": "I just need to get it off my chest",
    "activation": "can you help me plan one small thing",
    "worry_time": "is there something for my worrying",
    "sleep": "do you have a sleep routine",
}
LONG = (
    "well there was a lot going on and my sister came over and we talked about the house for hours"
)


def start(mind: Mind, clock: Clock, name: str, seed: int = 0) -> Conversation:
    talk = Conversation(mind, clock=clock, seed=seed)
    talk.open()
    assert say(talk, NAMED[name])[0].mode is Mode.EXERCISE
    return talk


def say(talk: Conversation, *said: str) -> list[Reply]:
    return [talk.respond(UserTurn(text)) for text in said]


def walk(talk: Conversation, answer: str, most: int = 30) -> list[Reply]:
    """Gives the same answer until the exercise is over."""
    replies: list[Reply] = []
    while talk.activities.current is not None and len(replies) < most:
        replies += say(talk, answer)
    return replies


def test_every_exercise_can_be_asked_for() -> None:
    assert set(NAMED) == set(ALL)
    for name, words in NAMED.items():
        assert [kind.name for kind in ALL.values() if kind.asked_for(hear(words))] == [name]


@pytest.mark.parametrize("name", sorted(ALL))
@pytest.mark.parametrize("answer", [LONG, "eight", "okay", "the chair and my feet"])
def test_it_comes_to_its_end(mind: Mind, clock: Clock, name: str, answer: str) -> None:
    talk = start(mind, clock, name)
    replies = walk(talk, answer)
    assert talk.activities.current is None
    assert replies[-1].text.endswith("?")
    outcome = talk.activities.outcomes[-1]
    assert outcome["ended"] == "finished"
    assert outcome["answered"] + outcome["skipped"] == len(ALL[name].course.steps)


@pytest.mark.parametrize("name", sorted(ALL))
def test_who_knows_nothing_is_asked_once_more_and_never_pressed(
    mind: Mind, clock: Clock, name: str
) -> None:
    talk = start(mind, clock, name)
    replies = walk(talk, "I don't know")
    steps = ALL[name].course.steps
    assert len(replies) <= 2 * len(steps) + 1
    assert talk.activities.outcomes[-1]["answered"] == 0
    texts = [reply.text for reply in replies]
    assert all(a != b for a, b in pairwise(texts))


@pytest.mark.parametrize("name", sorted(ALL))
def test_where_it_gets_worse_it_stops(mind: Mind, clock: Clock, name: str) -> None:
    talk = start(mind, clock, name)
    reply = say(talk, "this is making me feel worse")[0]
    assert talk.activities.current is None
    assert talk.activities.outcomes[-1]["ended"] == "stopped"
    assert "stop" in reply.text


def test_why_is_answered_and_the_question_stays(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "grounding")
    reply = say(talk, "why are we doing this")[0]
    assert ALL["grounding"].course.why in reply.text
    assert any(question in reply.text for question in ALL["grounding"].course.steps[0].ask)


def test_a_thought_record_says_the_thought_and_both_numbers_back(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "thought_record")
    replies = say(
        talk,
        "in the meeting yesterday, I lost my place",
        "that they all think I am stupid",
        "maybe an eight",
        "ashamed",
        "I did lose my place",
        "two people said it was useful",
        "I lost my place and it was still useful",
        "a four I think",
    )
    assert "they all think you're stupid" in replies[-1].text
    assert "eight" in replies[-1].text
    assert "four" in replies[-1].text


def test_a_number_is_asked_for_again_and_then_left_open(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "thought_record")
    say(talk, "in the meeting yesterday", "that I am a failure at all of it")
    again, on = say(talk, "quite a lot really", "I mean it is true most days")
    assert again.text in ALL["thought_record"].course.steps[2].more
    assert any(ask in on.text for ask in ALL["thought_record"].course.steps[3].ask)


def test_what_was_misheard_is_not_read_out(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "thought_record")
    say(talk, "in the meeting yesterday")
    talk.respond(UserTurn("that they all think I am stupid", asr_conf=0.2))
    replies = walk(talk, "eight")
    assert not any("stupid" in reply.text for reply in replies)


def test_words_of_death_are_never_said_back(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "thought_record")
    say(talk, "in the meeting yesterday")
    reply = say(talk, "that I want to kill myself")[0]
    assert reply.mode in (Mode.CRISIS, Mode.HANDOFF)
    assert talk.activities.current is None


def test_a_state_in_the_middle_comes_back_whole(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "worry_time")
    say(talk, "the rent, the car, my mother")
    saved = json.loads(json.dumps(talk.activities.state()))
    other = Activities(mind.activities, random.Random(0))
    other.restore(saved)
    assert other.state() == talk.activities.state()


def test_an_offer_comes_when_it_fits_and_needs_a_yes(mind: Mind, clock: Clock) -> None:
    talk = Conversation(mind, clock=clock)
    talk.open()
    replies = say(
        talk,
        "I worry about everything all the time, what if I lose the flat",
        "my mind is racing at night, what if I get it wrong",
        "I always think about the worst, I'd like an idea what to do",
        "yes I'd like to try something, I can't stop worrying",
        "I can't stop worrying, what could I do",
        "I keep overthinking, what if it all goes wrong",
    )
    offers = {offer for kind in ALL.values() for offer in kind.offers}
    offered = [reply.text for reply in replies if reply.text in offers]
    assert len(offered) <= 1
    if replies[-1].text in offers:
        assert say(talk, "yes please")[0].mode is Mode.EXERCISE


@pytest.mark.parametrize(
    "mention",
    [
        "I can't stop worrying", "my parents grounded me again", "I can't get myself going",
        "I drink something to sleep", "I told her everything and let it all out",
        "I can't stop thinking like that", "he told me to stop breathing down his neck",
    ],
)  # fmt: skip
def test_a_mention_is_no_request(mention: str) -> None:
    assert not [kind.name for kind in ALL.values() if kind.asked_for(hear(mention))]


def test_two_heavy_answers_and_it_is_asked_whether_to_rest(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "thought_record")
    heavy = "it was so terrible and I was absolutely devastated and so ashamed, I hate it so much"
    asked = say(talk, heavy, heavy)[-1]
    assert asked.text in table("replies/activity")["rest"]
    went_on = say(talk, "no, I can go on")[0]
    assert any(ask in went_on.text for ask in ALL["thought_record"].course.steps[2].ask)
    assert all("rest here" not in reply.text for reply in say(talk, "eight", heavy, heavy))


def test_a_rest_that_is_wanted_ends_in_the_offer_of_something_calming(
    mind: Mind, clock: Clock
) -> None:
    talk = start(mind, clock, "thought_record")
    heavy = "it was so terrible and I was absolutely devastated and so ashamed, I hate it so much"
    say(talk, heavy, heavy, "yes please")
    assert talk.activities.outcomes[-1]["ended"] == "stopped"
    reply = say(talk, "yes")[0]
    assert any(ask in reply.text for ask in ALL["grounding"].course.steps[0].ask)


def test_who_refuses_the_calming_one_is_left_in_peace(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "worry_time")
    say(talk, "this is making it worse")
    assert say(talk, "no thanks")[0].mode is Mode.SUPPORT
    assert talk.activities.current is None


def test_a_pause_in_the_middle_keeps_the_place(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "thought_record")
    say(talk, "in the meeting yesterday", "that I am a failure")
    paused, aside, back = say(talk, "wait, the door", "it was the postman", "can we go on now")
    assert paused.mode is aside.mode is Mode.SUPPORT
    assert any(ask in back.text for ask in ALL["thought_record"].course.steps[2].ask)


def test_somebody_who_turns_elsewhere_is_asked_back_once(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "sleep")
    replies = say(
        talk,
        "by the way my sister called me",
        "she wants to visit me in the summer",
        *["I am looking forward to it"] * 4,
    )
    assert all(reply.mode is Mode.SUPPORT for reply in replies)
    asked = [reply.text in table("replies/activity")["ask_back"] for reply in replies]
    assert sum(asked) == 1
    assert not any(asked[:2])
    assert say(talk, "let us go back to the sleep thing")[0].mode is Mode.EXERCISE


@pytest.mark.parametrize("said", ["yes please", "okay, let's try", "well, I'd like that", "sure"])
def test_a_plain_yes_is_consent(said: str) -> None:
    assert says("accept", hear(said))


@pytest.mark.parametrize(
    "said",
    [
        "I guess I'm scared that they'll let me go", "yes but I don't have time", "maybe later",
        "okay, not now", "no", "my sister said yes", "",
    ],
)  # fmt: skip
def test_what_is_no_plain_yes_begins_nothing(said: str) -> None:
    assert not says("accept", hear(said))


def test_a_wish_for_advice_is_answered_and_not_the_next_step(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "thought_record")
    assert say(talk, "what should I do?")[0].mode is Mode.SUPPORT


def test_a_crisis_in_the_middle_is_not_followed_by_the_next_question(
    mind: Mind, clock: Clock
) -> None:
    talk = start(mind, clock, "activation")
    say(talk, "I used to play the guitar", "I want to die")
    replies = say(
        talk, "no, I won't do anything", "my sister is here", "I am safe", "I feel calmer"
    )
    questions = [ask for step in ALL["activation"].course.steps for ask in step.ask]
    assert not [r.text for r in replies if any(question in r.text for question in questions)]
    assert not [r.text for r in replies if r.text in table("replies/activity")["ask_back"]]


def test_a_skipped_question_is_left_open(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "grounding")
    reply = say(talk, "skip that one")[0]
    assert any(ask in reply.text for ask in ALL["grounding"].course.steps[1].ask)


def test_a_breath_that_does_not_work_is_made_smaller(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "breathing")
    reply = say(talk, "no, I can't")[0]
    assert reply.text in ALL["breathing"].course.steps[0].more


def test_no_difference_is_taken_as_it_is(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "grounding")
    replies = say(talk, *["the chair"] * 5, "no, it's the same")
    assert replies[-1].text in table("replies/activity")["parting_none"]


def test_a_plan_is_said_back_without_its_i_could(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "activation")
    replies = say(
        talk,
        "I used to go for walks",
        "I could just walk around the block",
        "tomorrow after breakfast",
        "the rain",
        "take my coat and go anyway",
    )
    assert "walk around the block, tomorrow after breakfast" in replies[-1].text


def test_the_report_counts_and_holds_no_words(mind: Mind, clock: Clock) -> None:
    talk = start(mind, clock, "worry_time")
    say(talk, "the rent and my mother", "the rent I can act on")
    assert talk.report().activities == (
        {"kind": "worry_time", "ended": "open", "answered": 2, "skipped": 0},
    )


# ---------------------------------------------------------------- data


def texts(kind: ExerciseKind) -> list[str]:
    words = [*kind.offers, *kind.course.closing, kind.course.why]
    return words + [text for step in kind.course.steps for text in (*step.ask, *step.more)]


@pytest.mark.parametrize("kind", ALL.values(), ids=ALL)
def test_every_line_is_short_kind_and_allowed(kind: ExerciseKind) -> None:
    for text in texts(kind):
        filled = re.sub(r"\{\w+\}", "that", text)
        assert len(sentences(filled)) <= 3, text
        assert len(filled.split()) <= 45, text
        assert not banned(filled), text
    assert len(kind.offers) >= 2
    assert len(kind.course.closing) >= 2
    assert kind.fits.stages <= set(Stage)


@pytest.mark.parametrize("kind", ALL.values(), ids=ALL)
def test_every_step_has_other_words_and_most_a_second_way(kind: ExerciseKind) -> None:
    assert len({step.id for step in kind.course.steps}) == len(kind.course.steps)
    for step in kind.course.steps:
        assert len(step.ask) >= 2
        assert step.more


def test_nothing_is_offered_at_risk(mind: Mind, clock: Clock) -> None:
    talk = Conversation(mind, clock=clock)
    talk.open()
    say(talk, "I want to kill myself tonight")
    replies = say(talk, *["my heart is racing and I can't calm down"] * 4)
    assert talk.risk.level is not RiskLevel.NONE
    assert all(reply.mode is not Mode.EXERCISE for reply in replies)
