"""The second crisis net: it may raise and never lower, and hears what no rule was made for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from voice_agent.contracts import Mode, RiskLevel, UserTurn
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.crisis_net import (
    CrisisNet,
    Guess,
    concepts_in,
    guess_of,
    net_signals,
    raised_by_net,
)
from voice_agent.think.guard_in import Alarm, listen_for_crisis
from voice_agent.think.heads import head_path, load_head
from voice_agent.think.prototypes import Embed, Vectors
from voice_agent.think.words import hear

from .talks import FLAT, GRIEF, LONELY, WORK

THRESHOLDS = {"watch": 0.3, "low": 0.5, "high": 0.6, "imminent": 0.7}


@pytest.fixture(scope="module")
def embed() -> Embed:
    vectors = pytest.importorskip("voice_agent.vectors")
    loaded: Embed = vectors.SentenceVectors.load()
    return loaded


@pytest.fixture(scope="module")
def learnt(embed: Embed) -> Mind:
    return Mind.load(ThinkSettings(), embed=embed)


@pytest.mark.parametrize(
    ("shares", "level"),
    [
        ((0.6, 0.2, 0.1, 0.1), RiskLevel.NONE),
        ((0.4, 0.3, 0.2, 0.1), RiskLevel.LOW),
        ((0.3, 0.1, 0.3, 0.3), RiskLevel.HIGH),
        ((0.1, 0.1, 0.05, 0.75), RiskLevel.IMMINENT),
    ],
)
def test_graver_shares_count_towards_a_level(shares: tuple[float, ...], level: RiskLevel) -> None:
    named = dict(zip(("none", "low", "high", "imminent"), shares, strict=True))
    assert guess_of(named, THRESHOLDS).level is level


def test_below_every_level_a_turn_may_be_watched() -> None:
    def guess(risk: float) -> Guess:
        return guess_of({"none": 1 - risk, "low": risk, "high": 0, "imminent": 0}, THRESHOLDS)

    assert (guess(0.29), guess(0.31)) == (Guess(), Guess(watch=True))


def test_the_net_raises_and_never_lowers() -> None:
    alarm = Alarm(RiskLevel.HIGH, "self_harm", ("self_harm",))
    assert raised_by_net(alarm, Guess()) is alarm
    assert raised_by_net(alarm, Guess(watch=True)) is alarm
    assert raised_by_net(alarm, Guess(RiskLevel.LOW)) is alarm
    raised = raised_by_net(alarm, Guess(RiskLevel.IMMINENT))
    assert (raised.level, raised.category) == (RiskLevel.IMMINENT, "self_harm")
    assert raised.evidence == ("self_harm", "net")
    watched = raised_by_net(Alarm(), Guess(watch=True))
    assert (watched.level, watched.watch) == (RiskLevel.NONE, True)
    fresh = raised_by_net(Alarm(), Guess(RiskLevel.LOW))
    assert (fresh.level, fresh.category) == (RiskLevel.LOW, "suicidal_ideation")


def test_concepts_are_paired() -> None:
    heard = hear("I took my tablets, all of them")
    assert {"took", "drug", "all_of", "me"} <= set(concepts_in(heard.text))
    assert net_signals(heard)["drug+took"] == 1.0


def test_what_no_rule_knows_is_heard(learnt: Mind) -> None:
    for said in (
        "my gran's heart tablets, I've gone and swallowed the whole box of them",
        "I'm out on the ledge and I am just about to let go",
    ):
        assert listen_for_crisis(said).level.rank < RiskLevel.IMMINENT.rank
        assert learnt.listen(said).level is RiskLevel.IMMINENT


def test_ordinary_calls_do_not_alarm(learnt: Mind) -> None:
    ordinary = [*WORK, *GRIEF, *LONELY, *FLAT, "bye", "okay goodbye then", "maybe", ""]
    alarmed = [said for said in ordinary if learnt.listen(said).level is not RiskLevel.NONE]
    assert len(alarmed) <= 1, alarmed


def test_a_mere_guess_about_talk_of_the_agent_does_not_alarm(learnt: Mind) -> None:
    class Guesses:
        said = Guess(RiskLevel.LOW)

        def guess(self, text: str, embed: Embed) -> Guess:
            return self.said

    net = Guesses()
    mind = dataclasses.replace(learnt, net=net)  # type: ignore[arg-type]
    assert mind.listen("be straight with me, are you a robot").level is RiskLevel.NONE
    assert mind.listen("I walked home in the rain tonight").level is RiskLevel.LOW
    assert mind.listen("are you a robot, because I want to die").level is RiskLevel.HIGH
    net.said = Guess(watch=True)
    assert not mind.listen("be straight with me, are you a robot").watch
    assert mind.listen("I walked home in the rain tonight").watch
    net.said = Guess(RiskLevel.HIGH)
    assert mind.listen("be straight with me, are you a robot").level is RiskLevel.HIGH


def test_a_raised_turn_is_asked_about(learnt: Mind) -> None:
    talk = Conversation(learnt, clock=lambda: 0.0)
    talk.open()
    reply = talk.respond(UserTurn("I'm out on the ledge and I am just about to let go"))
    assert reply.risk.level is RiskLevel.IMMINENT
    assert "net" in reply.risk.evidence
    assert reply.mode is Mode.HANDOFF


def test_with_the_net_failing_the_rules_stand_alone(embed: Embed) -> None:
    def fails(texts: list[str]) -> Vectors:
        raise RuntimeError("no vectors today")

    net = CrisisNet(load_head(head_path("crisis")))
    mind = dataclasses.replace(Mind.load(ThinkSettings(use_vectors=False)), net=net, embed=fails)
    assert mind.listen("I'm going to kill myself tonight").level is RiskLevel.IMMINENT
    assert mind.listen("I had soup").level is RiskLevel.NONE


def test_short_turns_are_left_to_the_rules() -> None:
    net = CrisisNet(load_head(head_path("crisis")))
    assert net.guess("bye", lambda texts: np.ones((len(texts), 384), np.float32)) == Guess()
