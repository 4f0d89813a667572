"""Understanding one turn, with and without sentence vectors."""

from __future__ import annotations

import numpy as np
import pytest

from voice_agent.contracts import UserTurn, to_json
from voice_agent.think.prototypes import Vectors
from voice_agent.think.understand import Understander

WORDS = Understander()


@pytest.mark.parametrize(
    ("said", "feeling"),
    [
        ("I feel so alone", "loneliness"),
        ("I'm so angry at him", "anger"),
        ("I feel guilty about it", "guilt"),
        ("I'm scared of what comes next", "anxiety"),
        ("it's all too much, I'm overwhelmed", "overwhelm"),
        ("I'm worn out", "exhaustion"),
        ("my mom died in March", "grief"),
        ("I feel a bit better now", "relief"),
        ("I'm not angry", "neutral"),
        ("the bus was green", "neutral"),
    ],
)
def test_feelings(said: str, feeling: str) -> None:
    insight = WORDS.understand(UserTurn(said), 0)
    assert insight.feeling == feeling
    assert sum(insight.record.emotions.values()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("my boss is unfair", "work"),
        ("my exams are next week", "study"),
        ("my wife left", "relationship"),
        ("the rent is due and I can't pay", "money"),
        ("well", "general"),
    ],
)
def test_topics(said: str, topic: str) -> None:
    assert WORDS.understand(UserTurn(said), 0).record.topic == topic


def test_the_topic_of_the_call_is_kept_when_a_turn_names_none() -> None:
    assert WORDS.understand(UserTurn("I guess"), 3, topic="work").record.topic == "work"


def test_the_caller_s_own_word_is_used() -> None:
    insight = WORDS.understand(UserTurn("I feel really nervous"), 0)
    assert insight.named
    assert insight.feeling_said == "nervous"
    assert not WORDS.understand(UserTurn("I can't sleep"), 0).named


def test_intensity_rises_with_wording() -> None:
    mild = WORDS.understand(UserTurn("I'm a bit sad sometimes"), 0).record.intensity
    strong = WORDS.understand(UserTurn("I'm completely devastated, I can't take it"), 0)
    assert 1 <= mild < strong.record.intensity <= 5


def test_consent_and_rejection() -> None:
    def record(said: str, asked: bool = False):  # type: ignore[no-untyped-def]
        return WORDS.understand(UserTurn(said), 0, permission_asked=asked).record

    assert record("what should I do?").consent
    assert record("yes", asked=True).consent
    assert not record("yes").consent
    assert record("yes but I tried that already").rejection
    assert not record("yes but I tried that already", asked=True).consent
    assert record("no", asked=True).rejection
    assert record("I'll call her tomorrow").change_talk > 0.5


def fake_vectors(texts: list[str]) -> Vectors:
    """Bag of letters: enough to tell the seeds apart, unit length."""
    rows = np.zeros((len(texts), 384), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.lower().split():
            row[sum(map(ord, word)) % 384] += 1.0
    unit: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return unit


def test_vectors_add_a_second_opinion() -> None:
    seen = Understander(fake_vectors)
    said = UserTurn("Nothing I try makes any difference.")
    words, both = WORDS.understand(said, 0), seen.understand(said, 0)
    assert both.record.emotions["frustration"] > words.record.emotions["frustration"]


def test_failing_vectors_leave_words() -> None:
    calls = 0

    def breaks(texts: list[str]) -> Vectors:
        nonlocal calls
        calls += 1
        if calls > 40:
            raise RuntimeError("gone")
        return fake_vectors(texts)

    late = Understander(breaks)
    assert late.understand(UserTurn("I feel so alone"), 0).feeling == "loneliness"

    def never(texts: list[str]) -> Vectors:
        raise RuntimeError("gone")

    assert Understander(never).understand(UserTurn("I feel so alone"), 0).feeling == "loneliness"


def test_the_record_is_plain_json() -> None:
    import json

    record = WORDS.understand(UserTurn("my boss yells at me and I can't sleep"), 0).record
    assert json.loads(json.dumps(to_json(record)))["topic"] == "work"
