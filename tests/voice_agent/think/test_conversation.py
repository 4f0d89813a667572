"""One caller's conversation: disclosure, crisis with everything else failing, barge-in, goodbye."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from codec.errors import SecoustiError
from voice_agent.contracts import Mode, RiskLevel, RiskState, Stage, Strategy, UserTurn, to_json
from voice_agent.think import Conversation, Mind, ThinkSettings, crisis_scripts
from voice_agent.think.crisis import raised
from voice_agent.think.endpoint import Endpoint
from voice_agent.think.prototypes import Vectors
from voice_agent.think.understand import Understander
from voice_agent.think.writer import TemplateWriter

from .conftest import Clock
from .talks import FLAT, GRIEF, LONELY, WORK


def begin(mind: Mind, clock: Clock, **options: Any) -> Conversation:
    talk = Conversation(mind, clock=clock, **options)
    talk.open()
    return talk


def say(talk: Conversation, *said: str) -> list[Any]:
    return [talk.respond(UserTurn(text)) for text in said]


# ---------------------------------------------------------------- disclosure


@pytest.mark.parametrize("seed", range(8))
def test_the_first_words_say_that_this_is_an_ai(mind: Mind, clock: Clock, seed: int) -> None:
    talk = Conversation(mind, clock=clock, seed=seed)
    assert not talk.report().disclosed_ai
    opening = talk.open()
    assert "AI" in opening.text
    assert "not a" in opening.text
    assert talk.report().disclosed_ai


def test_a_call_that_was_never_opened_discloses_in_its_first_reply(
    mind: Mind, clock: Clock
) -> None:
    first, second = say(Conversation(mind, clock=clock), "I feel sad", "so sad")
    assert "an AI listener and not a human" in first.text
    assert first.sentences[0] in first.text
    assert "AI" not in second.text


def test_disclosure_in_front_of_a_crisis_script_is_not_left_to_the_recording(
    mind: Mind, clock: Clock
) -> None:
    first = say(Conversation(mind, clock=clock), "I want to die")[0]
    assert "AI" in first.text
    assert first.script_id is None
    assert "nine, eight, eight" in first.text


def test_it_is_said_again_every_three_hours(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock)
    clock.now = 3 * 3600 - 1
    assert "AI" not in say(talk, "I feel sad")[0].text
    clock.now += 2
    assert "an AI" in say(talk, "and tired")[0].text
    assert "an AI" not in say(talk, "and cold")[0].text
    clock.now += 3 * 3600
    assert "an AI" in say(talk, "still here")[0].text


def test_a_long_call_is_told_once_that_resting_is_fine(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock)
    clock.now = 31 * 60
    assert "half hour" in say(talk, "I feel sad")[0].text
    assert "half hour" not in say(talk, "very sad")[0].text


# ---------------------------------------------------------------- the crisis path


def broken(texts: list[str]) -> Vectors:
    raise RuntimeError("no vectors")


class BrokenWriter(TemplateWriter):
    def drafts(self, *_: Any) -> Any:
        raise RuntimeError("no writer")


class BrokenUnderstander(Understander):
    def understand(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("no understanding")


class BrokenEndpoint(Endpoint):
    def say(self, *_: Any) -> Any:
        raise RuntimeError("no endpoint")

    def fill(self, *_: Any) -> Any:
        raise RuntimeError("no endpoint")


def everything_fails(mind: Mind) -> Mind:
    return dataclasses.replace(
        mind,
        understander=BrokenUnderstander(broken),
        writer=BrokenWriter(),
        endpoint=BrokenEndpoint("http://127.0.0.1:9", "m", "", rest_s=0.0),
    )


CRISIS = ["I can't go on like this", "yes", "yes", "I have the pills", "nobody is here"]


def test_the_crisis_path_says_the_same_with_everything_else_failing(
    mind: Mind, clock: Clock
) -> None:
    sound = say(begin(mind, clock), *CRISIS)
    failing = say(begin(everything_fails(mind), clock), *CRISIS)
    assert [r.text for r in sound] == [r.text for r in failing]
    assert [r.risk.level for r in sound] == [
        RiskLevel.LOW,
        RiskLevel.HIGH,
        RiskLevel.IMMINENT,
        RiskLevel.IMMINENT,
        RiskLevel.IMMINENT,
    ]
    assert all(r.source == "script" for r in failing)
    assert [r.mode for r in sound] == [Mode.CRISIS, Mode.CRISIS, *[Mode.HANDOFF] * 3]


def test_a_failing_writer_or_endpoint_still_answers_an_ordinary_turn(
    mind: Mind, clock: Clock
) -> None:
    for part in (
        {"writer": BrokenWriter()},
        {"endpoint": BrokenEndpoint("http://127.0.0.1:9", "m", "", rest_s=0.0)},
        {"understander": BrokenUnderstander(None)},
    ):
        talk = begin(dataclasses.replace(mind, **part), clock)
        texts = [r.text for r in say(talk, *WORK)]
        assert all(texts)
        assert len(set(texts)) == len(texts)


def test_a_fault_in_the_first_guard_is_a_reason_to_ask(
    mind: Mind, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(text: str) -> None:
        raise RuntimeError

    monkeypatch.setattr("voice_agent.think.guard_in.listen_for_crisis", fails)
    reply = say(begin(mind, clock), "hello")[0]
    assert reply.risk.level is RiskLevel.LOW
    assert reply.mode is Mode.CRISIS


def test_spoken_scripts_are_the_ones_that_can_be_rendered_ahead(mind: Mind, clock: Clock) -> None:
    scripts = crisis_scripts("UK")
    for reply in say(begin(mind, clock, locale="UK"), *CRISIS):
        assert reply.script_id is not None
        assert scripts[reply.script_id] == reply.text


def test_the_call_is_never_ended_on_a_disclosure(mind: Mind, clock: Clock) -> None:
    replies = say(begin(mind, clock), "I want to die", "goodbye", "bye", "good night")
    assert not any(reply.end_call for reply in replies)
    assert "free to go" in replies[1].text or "go whenever" in replies[1].text


def test_risk_is_kept_across_calls(mind: Mind, clock: Clock) -> None:
    first = begin(mind, clock)
    say(first, "I want to die")
    second = begin(mind, clock, risk=first.risk)
    reply = say(second, "hi")[0]
    assert reply.risk.level is RiskLevel.HIGH
    assert reply.script_id is not None
    assert "/returning/" in reply.script_id


def test_a_changed_subject_does_not_clear_it(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock)
    replies = say(talk, "I want to die", *WORK[:6])
    assert all(reply.risk.level is RiskLevel.HIGH for reply in replies)
    assert talk.report().highest_risk is RiskLevel.HIGH
    assert talk.report().resources_given == ("US:988",)


def test_advice_is_held_back_under_risk(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock)
    replies = say(talk, "I'm such a burden to everyone", "no", "it's work", "what should I do?")
    assert replies[-1].risk.level is RiskLevel.LOW
    assert replies[-1].strategy is not Strategy.SUGGESTION


# ---------------------------------------------------------------- courtesies and boundaries


def test_goodbye_ends_the_call_kindly(mind: Mind, clock: Clock) -> None:
    reply = say(begin(mind, clock), "okay bye")[0]
    assert reply.end_call
    assert reply.strategy is Strategy.OTHERS


def test_the_caller_may_ask_what_was_understood_and_have_it_forgotten(
    mind: Mind, clock: Clock
) -> None:
    talk = begin(mind, clock)
    replies = say(talk, WORK[0], "what have you understood so far?", "forget that",
                  "what have you understood so far?")  # fmt: skip
    assert "the work keeps piling up" in replies[1].text.lower()
    assert "Not much yet" in replies[3].text
    assert not talk.last_thinking.facts


def test_what_was_said_is_said_again_on_request(mind: Mind, clock: Clock) -> None:
    first, again = say(begin(mind, clock), "I feel sad", "what did you say?")
    assert again.text == first.text


def test_silence_is_met_with_patience_and_not_with_the_same_words(mind: Mind, clock: Clock) -> None:
    replies = say(begin(mind, clock), *[""] * 9)
    assert len({reply.text for reply in replies}) == 9
    assert all(reply.risk.level is RiskLevel.NONE for reply in replies)


def test_what_was_hardly_heard_is_asked_for_again_but_never_missed(
    mind: Mind, clock: Clock
) -> None:
    talk = begin(mind, clock)
    unclear = talk.respond(UserTurn("mumble the garden", asr_conf=0.1))
    assert unclear.strategy is Strategy.OTHERS
    grave = talk.respond(UserTurn("I wanna dye", asr_conf=0.1))
    assert grave.risk.level is RiskLevel.HIGH


def test_a_minor_is_told_once_about_a_trusted_adult(mind: Mind, clock: Clock) -> None:
    first, second = say(begin(mind, clock), "I'm fifteen", "I'm fifteen and my parents fight")
    assert "adult" in first.text or "grown-up" in first.text
    assert "grown-up" not in second.text


# ---------------------------------------------------------------- barge-in


def test_what_was_not_heard_is_not_history(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock)
    reply = say(talk, "I want to die")[0]
    talk.heard(reply, 12)
    assert talk.risk.resources_given == ()
    assert not talk.risk.asked_directly
    assert say(talk, "yes")[0].risk.level is RiskLevel.HIGH  # the question was never heard


def test_a_reply_heard_to_the_end_stays(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock)
    reply = say(talk, "I want to die")[0]
    talk.heard(reply, len(reply.text))
    assert talk.risk.resources_given == ("US:988",)
    assert say(talk, "yes")[0].risk.level is RiskLevel.IMMINENT


def test_a_number_behind_the_disclosure_is_not_given_where_it_is_cut(
    mind: Mind, clock: Clock
) -> None:
    talk = Conversation(mind, clock=clock)  # a call that we do not open
    reply = talk.respond(UserTurn("I'm going to kill myself tonight"))
    assert reply.text.startswith("Hi, this is Secousti, an AI")
    assert talk.risk.resources_given
    talk.heard(reply, 12)
    assert talk.risk.level is RiskLevel.IMMINENT
    assert talk.risk.resources_given == ()


def test_an_old_reply_cannot_be_cut_any_more(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock)
    old = say(talk, "I want to die")[0]
    say(talk, "no")
    talk.heard(old, 3)
    assert talk.risk.resources_given == ("US:988",)


# ---------------------------------------------------------------- the whole


def test_a_work_call_moves_from_listening_to_a_step_of_the_caller_s_own(
    mind: Mind, clock: Clock
) -> None:
    talk = begin(mind, clock)
    replies = say(talk, *WORK)
    assert replies[0].stage is Stage.EXPLORATION
    assert talk.stage.stage is Stage.ACTION
    strategies = [reply.strategy for reply in replies]
    assert Strategy.SUGGESTION in strategies
    assert strategies.index(Strategy.SUGGESTION) >= WORK.index("What should I do?")
    assert replies[-1].strategy is Strategy.AFFIRMATION


@pytest.mark.parametrize("said", [WORK, GRIEF, LONELY, FLAT])
@pytest.mark.parametrize("seed", range(3))
def test_rules_of_speech_hold_in_whole_calls(
    mind: Mind, clock: Clock, said: list[str], seed: int
) -> None:
    talk = begin(mind, clock, seed=seed)
    replies = say(talk, *said, *said)
    asked = [("?" in reply.text) for reply in replies]
    assert not any(all(asked[n : n + 3]) for n in range(len(asked) - 2))
    for reply in replies:
        assert "persuade" not in reply.mi_codes
        assert len(reply.text.split()) <= 45
        assert reply.sentences
        assert " ".join(reply.sentences) == reply.text


def test_everything_a_conversation_yields_is_plain_json(mind: Mind, clock: Clock) -> None:
    talk = begin(mind, clock)
    for reply in say(talk, *WORK, "I want to die", "yes"):
        for part in (reply, talk.last_thinking, talk.stage, talk.risk, talk.report()):
            assert json.loads(json.dumps(to_json(part))) == to_json(part)
    assert talk.last_plan is not None
    json.dumps(to_json(talk.last_plan))


def test_the_same_seed_gives_the_same_call(mind: Mind, clock: Clock) -> None:
    one = [r.text for r in say(begin(mind, clock, seed=5), *WORK)]
    two = [r.text for r in say(begin(mind, clock, seed=5), *WORK)]
    assert one == two


def test_calls_do_not_share_anything(mind: Mind, clock: Clock) -> None:
    one, two = begin(mind, clock), begin(mind, clock)
    say(one, "I want to die")
    assert two.risk == RiskState()
    assert say(two, "hi")[0].risk.level is RiskLevel.NONE


def test_an_unknown_locale_is_refused(mind: Mind, clock: Clock) -> None:
    with pytest.raises(SecoustiError, match="locale"):
        Conversation(mind, clock=clock, locale="XX")


def test_settings_come_from_the_environment() -> None:
    settings = ThinkSettings.from_env({"SECOUSTI_LLM_URL": "http://h/v1", "SECOUSTI_LLM_KEY": "k"})
    assert (settings.llm_url, settings.llm_key) == ("http://h/v1", "k")
    assert ThinkSettings.from_env({}) == ThinkSettings()


def test_a_mind_uses_the_vectors_it_is_given() -> None:
    def flat(texts: list[str]) -> Vectors:
        return np.full((len(texts), 384), 384**-0.5, np.float32)

    loaded = Mind.load(ThinkSettings(), embed=flat)
    assert loaded.understander.understand(UserTurn("I feel so alone"), 0).feeling == "loneliness"


def test_a_watchful_state_from_before_still_ends_kindly(mind: Mind, clock: Clock) -> None:
    low = raised(RiskState(), RiskLevel.LOW, "suicidal_ideation", ("burden",), 0)
    talk = begin(mind, clock, risk=low)
    replies = say(talk, "hi", "no", "bye", "bye")
    assert not replies[2].end_call
    assert replies[3].end_call
