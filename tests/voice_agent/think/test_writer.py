"""The embedded writer: varied, short, one question, never the same twice within ten replies."""

from __future__ import annotations

import random

import pytest

from voice_agent.contracts import RiskLevel, RiskState, Stage, StageEstimate, Strategy, UserTurn
from voice_agent.think import Conversation, Mind
from voice_agent.think.grammar import opener
from voice_agent.think.strategy import Planner
from voice_agent.think.thinking import think
from voice_agent.think.writer import Brief, TemplateWriter, safe_drafts

from .talks import FLAT, GRIEF, LONELY, WORK, dialogue


def brief(*said: str, stage: Stage = Stage.EXPLORATION) -> Brief:
    talk, insight = dialogue(*said)
    estimate = StageEstimate(stage, {}, 0, "")
    plan = Planner().plan(talk, insight, estimate, RiskLevel.NONE)
    return Brief(talk, insight, estimate, plan, think(talk, insight, stage, RiskState()))


@pytest.mark.parametrize("said", [*WORK, *GRIEF, *LONELY, *FLAT, ""])
@pytest.mark.parametrize("stage", list(Stage))
def test_every_draft_is_sayable(said: str, stage: Stage) -> None:
    for draft in TemplateWriter().drafts(brief(said, stage=stage), random.Random(1)):
        assert 1 <= len(draft.text.split()) <= 32
        assert draft.text.count("?") <= 1
        assert draft.text[0].isupper()
        assert not set("{}[]|") & set(draft.text)


def test_drafts_come_in_the_planned_order_and_never_run_out() -> None:
    made = brief("my boss yells at me")
    drafts = list(TemplateWriter().drafts(made, random.Random(1)))
    assert drafts[0].strategy is made.plan.strategy
    assert drafts[-1].source == "fallback"


def test_a_reply_answers_what_was_just_said() -> None:
    drafts = TemplateWriter().drafts(brief("my mom died in March"), random.Random(1))
    assert "mom" in next(drafts).text


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("said", [WORK, GRIEF, LONELY, FLAT])
def test_no_text_repeats_within_ten_replies(mind: Mind, said: list[str], seed: int) -> None:
    talk = Conversation(mind, clock=lambda: 0.0, seed=seed)
    talk.open()
    texts = [talk.respond(UserTurn(said[n % len(said)])).text for n in range(36)]
    for n, text in enumerate(texts):
        assert text not in texts[max(0, n - 10) : n], text


@pytest.mark.parametrize("seed", range(3))
def test_openers_vary(mind: Mind, seed: int) -> None:
    talk = Conversation(mind, clock=lambda: 0.0, seed=seed)
    talk.open()
    openers = [opener(talk.respond(UserTurn(said)).text) for said in WORK + GRIEF + LONELY]
    assert max(openers.count(first) for first in openers) <= 4


def test_safe_lines_are_taken_in_turn() -> None:
    said: list[str] = []
    for _ in range(12):
        said.append(next(safe_drafts(said)).text)
    assert len(set(said)) == 12
    assert next(safe_drafts(said)).strategy is Strategy.OTHERS
