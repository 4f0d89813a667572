"""Grading of single lines: by rules, by the learnt head, and when parts fail."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.think.heads import packaged_head
from voice_agent.think.practice.next_skill import USUAL, Known, SkillAdviser
from voice_agent.think.practice.rater import LABELS, Rater, rule_ratings
from voice_agent.think.practice.signals import signals
from voice_agent.think.practice.skills import Level, Skill
from voice_agent.think.prototypes import Vectors


def no_vectors(texts: list[str]) -> Vectors:
    return np.zeros((len(texts), 384), np.float32)


@pytest.mark.parametrize(
    ("said", "skill", "level"),
    [
        ("You came at ten on Monday and at eleven on Tuesday.", Skill.DESCRIBE, Level.STRONG),
        ("You always do this.", Skill.DESCRIBE, Level.WEAK),
        ("I feel hurt.", Skill.EXPRESS, Level.STRONG),
        ("You make me so mad.", Skill.EXPRESS, Level.WEAK),
        ("I need the money by Friday.", Skill.ASSERT, Level.STRONG),
        ("Is it raining?", Skill.ASSERT, Level.NONE),
        ("Pay it, then we'll both be happy.", Skill.REINFORCE, Level.STRONG),
        ("You are a useless liar.", Skill.MINDFUL, Level.NONE),
        ("I'm so sorry, um, maybe, sorry to bother you.", Skill.APPEAR_CONFIDENT, Level.NONE),
        ("Would Tuesday work instead, or shall we swap?", Skill.NEGOTIATE, Level.STRONG),
    ],
)  # fmt: skip
def test_the_rules_hear_each_skill(said: str, skill: Skill, level: Level) -> None:
    assert rule_ratings(said)[skill] is level


@given(st.text(max_size=200))
def test_any_line_is_graded_on_every_skill(text: str) -> None:
    assert set(rule_ratings(text)) == set(Skill)
    assert all(0.0 <= value <= 1.0 for value in signals(text).values())


def test_the_learnt_head_grades_every_skill_and_has_no_say_over_an_empty_line() -> None:
    head = packaged_head("practice")
    assert head is not None and head.labels == LABELS
    rater = Rater(head, no_vectors)
    line = "On Monday you rang me at ten. I'm exhausted. Please don't ring me on Sundays."
    assert rater.rate(line)[Skill.ASSERT] is Level.STRONG
    assert rater.rate("") == rule_ratings("")


def test_the_rules_stand_alone_when_vectors_fail() -> None:
    def broken(texts: list[str]) -> Vectors:
        raise RuntimeError("no vectors today")

    line = "I feel sad."
    assert Rater(packaged_head("practice"), broken).rate(line) == rule_ratings(line)


def test_the_next_skill_comes_from_the_nearest_situations() -> None:
    known = (
        Known("a", "boss", (Skill.REINFORCE,), "train"),
        Known("b", "aunt", (Skill.EXPRESS,), "train"),
    )
    axes = {"boss": 0, "my boss": 0, "aunt": 1}

    def embed(texts: list[str]) -> Vectors:
        return np.stack([np.eye(384, dtype=np.float32)[axes[text]] for text in texts])

    assert SkillAdviser(embed, known).skills_for("my boss")[0] is Skill.REINFORCE
    assert SkillAdviser(None).skills_for("my boss") == USUAL
    assert SkillAdviser(embed, known).skills_for("never seen") == USUAL
