"""The planner: transparent scores, debiasing, and rules that nothing overrides."""

from __future__ import annotations

import pytest

from voice_agent.contracts import RiskLevel, Stage, StageEstimate, Strategy, StrategyPlan, UserTurn
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.dialogue import Draft
from voice_agent.think.grammar import lines
from voice_agent.think.strategy import Debias, Planner

from .talks import dialogue

Q, R, S = Strategy.QUESTION, Strategy.REFLECTION, Strategy.SUGGESTION


def draft(strategy: Strategy, text: str = "Mm.", asks: str = "") -> Draft:
    return Draft(text, strategy, asks)


def plan(
    *said: str,
    drafts: tuple[Draft, ...] = (),
    stage: Stage = Stage.EXPLORATION,
    risk: RiskLevel = RiskLevel.NONE,
    planner: Planner | None = None,
) -> StrategyPlan:
    talk, insight = dialogue(*said, drafts=drafts)
    estimate = StageEstimate(stage, {}, 0, "")
    return (planner or Planner()).plan(talk, insight, estimate, risk)


TWO = (draft(R), draft(R))


def test_probabilities_are_probabilities_and_the_plan_says_why() -> None:
    made = plan("my boss yells at me")
    assert abs(sum(made.probs.values()) - 1.0) < 0.01
    assert set(made.adjusted) == set(made.probs)
    assert "new_facts" in made.why
    assert made.strategy is made.ranked[0]


def test_advice_waits_for_consent_and_for_two_supporter_turns() -> None:
    talk = ("my boss yells at me", "every day", "what should I do?")
    assert S in plan(*talk, drafts=TWO, stage=Stage.ACTION).ranked
    assert plan(*talk, drafts=TWO, stage=Stage.ACTION).strategy is S
    assert S not in plan("my boss yells at me", "what should I do?", drafts=TWO[:1]).ranked
    unasked = plan("my boss yells at me", "every day", "I'm tired", drafts=TWO, stage=Stage.ACTION)
    assert S not in unasked.ranked
    assert Strategy.INFORMATION not in unasked.ranked


def test_a_fact_may_be_given_when_asked_for() -> None:
    made = plan("I can't sleep", "every night", "is it normal?", drafts=TWO)
    assert made.strategy is Strategy.INFORMATION


def test_after_a_rejected_idea_no_other_follows() -> None:
    made = plan("work", "more", "yes but I tried that, what should I do?", drafts=TWO)
    assert S not in made.ranked


def test_no_more_than_two_questions_in_a_row_whoever_asked_them() -> None:
    asked = (draft(Q, "Why?"), draft(R, "You're tired. Is that it?"))
    assert Q not in plan("a", "b", "c", drafts=asked).ranked
    assert Q in plan("a", "b", "c", drafts=(draft(Q, "Why?"), draft(R))).ranked


def test_the_same_move_at_most_three_times_running() -> None:
    made = plan("I feel sad", "so sad", "sad", "still sad", drafts=(draft(R), draft(R), draft(R)))
    assert R not in made.ranked


def test_under_risk_neither_advice_nor_normalising() -> None:
    made = plan("a", "b", "what should I do?", drafts=TWO, risk=RiskLevel.LOW)
    assert not {S, Strategy.INFORMATION, Strategy.SELF_DISCLOSURE} & set(made.ranked)


def test_others_is_for_opening_and_closing_only() -> None:
    assert Strategy.OTHERS not in plan("I feel sad").ranked


def test_heavy_news_is_met_before_anything_is_asked() -> None:
    assert plan("my mom died in March").strategy in (R, Strategy.RESTATEMENT)


def test_permission_is_asked_once_enough_is_known() -> None:
    said = ("my boss yells at me", "yes", "since may", "mostly", "at night", "I don't know", "ok")
    replies = tuple(draft(R) for _ in said[:-1])
    made = plan(*said, drafts=(*replies[:-2], draft(Strategy.AFFIRMATION), draft(R)))
    assert "ask_permission" in made.constraints
    assert made.strategy is Q
    early = plan(*said[:3], drafts=replies[:2])
    assert "ask_permission" not in early.constraints


def test_a_caller_at_a_loss_is_offered_an_idea_sooner() -> None:
    made = plan("my boss yells at me", "I don't know what to do", drafts=(draft(R),))
    assert "ask_permission" in made.constraints or made.strategy is not Q


@pytest.mark.parametrize("stage", list(Stage))
def test_debiasing_pulls_towards_the_stage_and_away_from_habit(stage: Stage) -> None:
    plain = Planner(Debias(tau=0.0, lam=0.0, repeat_penalty=0.0))
    used = (draft(R), draft(R))
    raw = plan("well", "so", "it is what it is today", drafts=used, stage=stage, planner=plain)
    debiased = plan("well", "so", "it is what it is today", drafts=used, stage=stage)
    assert raw.probs == debiased.probs
    drop = raw.adjusted["reflection"] - raw.adjusted["affirmation"]
    assert debiased.adjusted["reflection"] - debiased.adjusted["affirmation"] < drop + 0.5


def test_an_idea_that_is_taken_is_met_and_not_followed_by_another() -> None:
    offered = (*TWO, draft(S, "One is a walk before bed. Would you try that?", asks="idea"))
    made = plan("work", "more", "what should I do?", "okay that sounds good", drafts=offered)
    assert made.strategy is Strategy.QUESTION  # when it would be
    assert S not in made.ranked


def test_who_asks_for_a_way_forward_gets_one_whatever_the_head_thinks() -> None:
    """The demo call: the learnt head alone would ask another question."""
    talk = Conversation(Mind.load(ThinkSettings()), clock=lambda: 0.0)
    talk.open()
    for text in (
        "I don't really know where to start. It's work. My manager keeps adding more.",
        "Last night I snapped at my partner. I keep thinking I'm failing at everything.",
        "Yes, I think I'd like to try something. Maybe something small in the evening.",
    ):
        reply = talk.respond(UserTurn(text))
    assert (talk.stage.stage, reply.strategy) == (Stage.ACTION, S)
    taken = talk.respond(UserTurn("Okay, that sounds good."))
    assert taken.strategy is Strategy.QUESTION
    assert taken.text in [line.say for line in lines(Strategy.QUESTION) if line.on == "taken"]
    planned = talk.respond(UserTurn("Tomorrow after work, I think."))
    assert planned.strategy is Strategy.AFFIRMATION


def test_questions_wait_until_as_much_was_said_back() -> None:
    talk, insight = dialogue("work", "more of it", "and more", drafts=TWO)
    estimate = StageEstimate(Stage.EXPLORATION, {}, 0, "")
    talk.asked_and_said_back.update({"asked": 2, "said back": 1})
    assert Q not in Planner().plan(talk, insight, estimate, RiskLevel.NONE).ranked
    talk.asked_and_said_back["said back"] = 2
    assert Q in Planner().plan(talk, insight, estimate, RiskLevel.NONE).ranked


def test_a_planner_left_out_draws_moves_by_their_share() -> None:
    drawn = [plan(f"work {n}", planner=Planner(drawn=True)).strategy for n in range(60)]
    assert drawn == [plan(f"work {n}", planner=Planner(drawn=True)).strategy for n in range(60)]
    assert len(set(drawn)) >= 5 and Strategy.OTHERS not in drawn
