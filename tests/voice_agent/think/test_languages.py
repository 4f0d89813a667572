"""Five more languages in the guard and in boundary replies."""

from __future__ import annotations

import pytest

from voice_agent.contracts import RiskLevel
from voice_agent.think.boundary import boundary_cue
from voice_agent.think.guard_in import listen_for_crisis
from voice_agent.think.languages import foreign_boundary, foreign_crisis

from .crisis_cases import NONE
from .talks import FLAT, GRIEF, LONELY, WORK


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("Quiero morir", RiskLevel.HIGH),
        ("Me voy a matar esta noche", RiskLevel.IMMINENT),
        ("J’ai envie d’en finir", RiskLevel.HIGH),
        ("J'ai avalé tous les cachets", RiskLevel.IMMINENT),
        ("Ich will nicht mehr leben", RiskLevel.HIGH),
        ("Ich stehe auf der Brücke", RiskLevel.IMMINENT),
        ("我不想活了", RiskLevel.HIGH),
        ("我在楼顶", RiskLevel.IMMINENT),
        ("もう死にたいです", RiskLevel.HIGH),
        ("薬を全部飲みました", RiskLevel.IMMINENT),
        ("Hoy estoy muy triste", RiskLevel.NONE),
        ("Je suis fatigué", RiskLevel.NONE),
        ("Ich bin müde", RiskLevel.NONE),
        ("我很难过", RiskLevel.NONE),
        ("今日は疲れました", RiskLevel.NONE),
    ],
)
def test_crisis(said: str, level: RiskLevel) -> None:
    assert listen_for_crisis(said).level is level


@pytest.mark.parametrize(
    ("said", "name", "word"),
    [
        ("¿Eres una persona de verdad?", "human", "IA"),
        ("Je t'aime", "love", "IA"),
        ("Ich brauche keine Freunde mehr", "only_you", "Menschen"),
        ("我们可以见面吗？", "meet", "人工智能"),
        ("ずっと離れないって約束して", "always_there", "AI"),
    ],
)
def test_boundaries_are_answered_in_the_callers_language(said: str, name: str, word: str) -> None:
    cue = boundary_cue(said)
    assert cue is not None
    assert cue.name == name
    assert all(word in text for text in cue.say)


@pytest.mark.parametrize("said", [*NONE, *WORK, *GRIEF, *LONELY, *FLAT, ""])
def test_english_talk_matches_nothing_here(said: str) -> None:
    assert foreign_crisis(said)[0] is RiskLevel.NONE
    assert foreign_boundary(said) is None
