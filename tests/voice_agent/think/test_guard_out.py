"""The last guard lets nothing through that is unsafe, dishonest or not the planned move."""

from __future__ import annotations

import pytest

from voice_agent.contracts import Strategy, StrategyPlan
from voice_agent.think.dialogue import Draft
from voice_agent.think.grammar import lines
from voice_agent.think.guard_out import faults, tidy
from voice_agent.think.tables import table

R, Q, S = Strategy.REFLECTION, Strategy.QUESTION, Strategy.SUGGESTION


def wrong(text: str, strategy: Strategy = R, *, consent: bool = False, recent: tuple[str, ...] = (),
          constraints: tuple[str, ...] = ()) -> tuple[str, ...]:  # fmt: skip
    plan = StrategyPlan(strategy, {}, {}, (strategy,), "", constraints)
    draft = Draft(text, strategy, source="endpoint")
    return faults(
        draft, plan, consent=consent, recent=list(recent), numbers=frozenset({"988", "911"})
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("You have depression.", "diagnosis"),
        ("These are symptoms of burnout.", "diagnosis"),
        ("As your therapist I can say that.", "treatment"),
        ("When I was young I felt that too.", "human_claim"),
        ("My own divorce was like that.", "human_claim"),
        ("I'll always be here for you.", "attachment"),
        ("I promise it will pass.", "attachment"),
        ("At least you still have a job.", "minimising"),
        ("Just calm down.", "minimising"),
        ("You're right, there's no point.", "despair"),
        ("As an AI language model, I can't.", "machine_talk"),
        ("**Rest** is good.", "written_form"),
        ("See https://example.org for more.", "written_form"),
        ("", "empty"),
        ("Is it so? Or is it not?", "more than one question"),
        ("word " * 60, "too long"),
        ("Call 555-0199 for that.", "a number nobody vouches for"),
        ("You should quit.", "advice without permission"),
        ("You're being selfish.", "confronting"),
        ("What is it?", "a question where a statement was planned"),
    ],
)
def test_refused(text: str, fault: str) -> None:
    assert fault in wrong(text)


def test_a_planned_question_must_ask() -> None:
    assert "no question where one was planned" in wrong("You are tired.", Q)
    assert wrong("What made you tired?", Q) == ()


def test_permission_that_was_to_be_asked_must_be_asked() -> None:
    found = wrong("You are tired.", R, constraints=("ask_permission",))
    assert "permission was to be asked" in found


def test_ideas_leave_the_choice() -> None:
    assert "an idea without a choice" in wrong("Resting helps.", S, consent=True)
    assert wrong("You could rest, and it's up to you.", S, consent=True) == ()


def test_what_was_said_lately_is_refused() -> None:
    assert "said before" in wrong("You're tired.", recent=("So. You're tired.",))


def test_a_worn_out_opener_is_allowed_once() -> None:
    assert wrong("That sounds hard on you.") == ()
    assert "worn-out opener" in wrong("It sounds heavy.", recent=("That sounds hard.", "Mm."))


def test_known_numbers_may_be_said() -> None:
    assert wrong("You can call 988.") == ()


@pytest.mark.parametrize("strategy", [s for s in Strategy if s is not Strategy.OTHERS])
def test_every_line_of_our_own_passes(strategy: Strategy) -> None:
    for line in lines(strategy):
        plain = line.say.replace("[", "").replace("]", "").split("|")[0]
        text = plain.format_map(_Filler())
        plan = StrategyPlan(strategy, {}, {}, (strategy,), "")
        draft = Draft(text, strategy)
        assert (
            faults(draft, plan, consent=strategy in (S, Strategy.INFORMATION), recent=[]) == ()
        ), text


class _Filler(dict[str, str]):
    def __missing__(self, key: str) -> str:
        if "trap_ask" in key:
            return "How so?"
        return "It rains" if key[0].isupper() else "it rains"


def test_every_lead_passes() -> None:
    plan = StrategyPlan(R, {}, {}, (R,), "")
    for group in table("replies/leads").values():
        for texts in group.values():
            for text in texts:
                said = text.format(who="your boss")
                assert faults(Draft(said, R), plan, consent=False, recent=[]) == (), said


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ('"You\u2019re tired."', "You're tired."),
        ("Listener: You're tired.\n\nWhat now?", "You're tired. What now?"),
        ("One. Two. Three.", "One. Two."),
        ("What? Why? Rest.", "What?"),
        ("So\u2014tired.", "So, tired."),
    ],
)
def test_tidy(raw: str, clean: str) -> None:
    assert tidy(raw) == clean
