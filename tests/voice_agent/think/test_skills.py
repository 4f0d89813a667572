"""Therapeutic skills of a call: counted in its report, and enforced."""

from __future__ import annotations

import random

import pytest

from voice_agent.contracts import (
    Mode,
    Reply,
    RiskState,
    Skills,
    Stage,
    StageEstimate,
    Strategy,
    StrategyPlan,
    ThinkingRecord,
    UserTurn,
)
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.autonomy import handed_back
from voice_agent.think.dialogue import Draft
from voice_agent.think.skills import skills_of
from voice_agent.think.writer import Brief

from .talks import dialogue

A, X = Stage.ACTION, Stage.EXPLORATION


def reply(*codes: str, stage: Stage = X, mode: Mode = Mode.SUPPORT) -> Reply:
    return Reply("x.", ("x.",), Strategy.OTHERS, stage, RiskState(), mode, codes)


def test_a_calls_skills_are_counted() -> None:
    call = [
        reply("open_question"),
        reply("simple_reflection", "seek_collaboration"),
        reply("persuade", stage=A),
        reply("open_question", stage=A, mode=Mode.EXERCISE),  # no part of the stretch
        reply("emphasise_autonomy", stage=A),
        reply("confront", "closed_question"),
        reply("affirm", stage=A),
    ]
    assert skills_of(call) == Skills(7, 2, 1, 3, 2, 1)
    assert skills_of([]) == Skills()


def brief(stage: Stage) -> Brief:
    talk, insight = dialogue("work", "I could ring her")
    return Brief(
        talk, insight, StageEstimate(stage, {}, 0, ""),
        StrategyPlan(Strategy.AFFIRMATION, {}, {}, (Strategy.AFFIRMATION,), ""),
        ThinkingRecord(stage),
    )  # fmt: skip


DONE = Draft("You've already taken a step.", Strategy.AFFIRMATION)


def test_the_decision_is_handed_back_where_steps_are_spoken_of() -> None:
    said = handed_back(DONE, brief(A), random.Random(0))
    assert said.text.startswith(DONE.text) and len(said.text) > len(DONE.text)
    assert handed_back(said, brief(A), random.Random(0)) is said  # once is enough


@pytest.mark.parametrize(
    "draft",
    [
        Draft("It hurts.", Strategy.REFLECTION),  # a feeling is not talked over
        Draft("You might ring her. Which one suits you?", Strategy.SUGGESTION),
        Draft("You did it. It's up to you.", Strategy.AFFIRMATION),
        Draft(f"{'very ' * 32}good.", Strategy.AFFIRMATION),
    ],
)
def test_and_not_where_it_would_not_fit(draft: Draft) -> None:
    assert handed_back(draft, brief(A), random.Random(0)) is draft


def test_nor_outside_the_action_stage_or_twice_in_a_stretch() -> None:
    assert handed_back(DONE, brief(X), random.Random(0)) is DONE
    again = brief(A)
    again.dialogue.handed_back = True
    assert handed_back(DONE, again, random.Random(0)) is DONE


def test_a_new_stretch_begins_anew() -> None:
    talk, _ = dialogue("work", "more")
    talk.said(reply("emphasise_autonomy", stage=A), DONE)
    assert talk.handed_back
    talk.said(reply("affirm", stage=A), DONE)
    assert talk.handed_back
    talk.said(reply("affirm", stage=X), DONE)
    assert not talk.handed_back


def test_the_session_report_has_them() -> None:
    talk = Conversation(Mind.load(ThinkSettings(use_vectors=False)), clock=lambda: 0.0)
    talk.open()
    for text in ("My boss yells at me.", "I can't sleep for it.", "What should I do?", "Okay."):
        talk.respond(UserTurn(text))
    skills = talk.report().skills
    assert skills.replies == 5
    assert skills.pushes == 0
    assert skills.reflections + skills.questions > 0
