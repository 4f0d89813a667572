"""The second crisis net, with the installed sentence vectors where they are."""

from __future__ import annotations

import pytest

from voice_agent.contracts import Mode, RiskLevel, UserTurn
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.hints import HintNet
from voice_agent.think.prototypes import Embed
from voice_agent.think.words import hear

from .talks import FLAT, GRIEF, LONELY, WORK


@pytest.fixture(scope="module")
def embed() -> Embed:
    vectors = pytest.importorskip("voice_agent.vectors")
    loaded: Embed = vectors.SentenceVectors.load()
    return loaded


def test_hints_are_near_and_ordinary_calls_are_not(embed: Embed) -> None:
    net = HintNet(embed)
    hint = "I keep wondering who would come to my funeral."
    assert net.hit(hear(hint), embed([hint])[0])
    ordinary = [*WORK, *GRIEF, *LONELY, *FLAT, "bye", "okay goodbye then", "maybe", ""]
    for said, vector in zip(ordinary, embed(ordinary), strict=True):
        assert not net.hit(hear(said), vector), said


def test_a_hint_is_asked_about_and_no_more(embed: Embed) -> None:
    talk = Conversation(Mind.load(ThinkSettings(), embed=embed), clock=lambda: 0.0)
    talk.open()
    reply = talk.respond(UserTurn("I am wondering if it would be easier to sleep for good"))
    assert reply.risk.level is RiskLevel.LOW
    assert reply.risk.evidence == ("hint",)
    assert reply.mode is Mode.CRISIS
    assert talk.respond(UserTurn("no, not like that")).risk.level is RiskLevel.LOW
