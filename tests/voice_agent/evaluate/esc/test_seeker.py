"""The scripted seeker: what opens them, what shuts them, what moves them."""

from __future__ import annotations

import pytest

from voice_agent.evaluate.esc.cards import Card, CardFact
from voice_agent.evaluate.esc.reading import read
from voice_agent.evaluate.esc.seeker import SOFTENS, STRENGTH, Seeker, _low

REFLECTS = "You feel so alone with that."
LOOKS_AT_IT = "If a good friend told you the same story, what would you say to them?"
ADVICE = "You should just take a holiday."
OPTIONS = "You could try either writing it down, or ringing her. Which one feels closer?"
ASKS_LEAVE = "Would you like to hear an idea?"


def card(**changes: object) -> Card:
    facts = (
        CardFact("what", "I lost my job."),
        CardFact("when", "In May."),
        CardFact("impact", "I don't sleep."),
        CardFact("cause", "The shop was sold."),
    )
    plain = Card(
        "a", "test", "work_study", "", "plain", facts, "I'm no good.", "Maybe it was the shop.",
        "ring Ann", "on Monday", ("holiday",),
    )  # fmt: skip
    return Card(**{**plain.__dict__, **changes})


def begun(**changes: object) -> Seeker:
    seeker = Seeker(card(**changes), seed=0)
    assert seeker.open() == "I lost my job."
    return seeker


@pytest.mark.parametrize(
    ("reply", "asks"),
    [
        ("How long has it been like this?", "when"),
        ("What has it been doing to your nights?", "impact"),
        ("What do you think started it?", "cause"),
        (LOOKS_AT_IT, "evidence"),
        (ASKS_LEAVE, "permission"),
        ("Are you having thoughts of ending your life?", "death"),
        ("When might be a good moment for it?", "when_step"),
        ("What would the first small step be?", "own_step"),
        ("And then?", "plain"),
        ("That hurts.", ""),
    ],
)
def test_a_question_is_heard_for_what_it_asks(reply: str, asks: str) -> None:
    assert read(reply).asks == asks


def test_statements_are_heard_for_what_they_do() -> None:
    assert read(REFLECTS).names_feeling
    assert read(ADVICE).advises and not read(ADVICE).reflects
    assert "options" in read(OPTIONS).says
    assert not read("Would it help to look at one small thing you could try?").advises


def test_a_fact_is_told_when_it_is_asked_for_or_reflected() -> None:
    seeker = begun()
    assert seeker.answer("What has it been doing to your nights?") == "I don't sleep."
    assert seeker.answer(REFLECTS) == "In May."
    assert seeker.answer("Since when?") not in ("In May.", "The shop was sold.")
    assert (len(seeker.ledger.told), seeker.ledger.asked_again) == (3, 1)


def test_unasked_advice_shuts_them_for_a_while() -> None:
    seeker = begun()
    assert "." in seeker.answer("You should rest.")
    assert seeker.answer("And then?") not in {fact.text for fact in seeker.card.facts}
    assert seeker.answer("And then?") == "In May."
    ledger = seeker.ledger
    assert (ledger.advice, ledger.unasked, ledger.rejected, ledger.ineffective) == (1, 1, 1, 1)


def test_a_belief_falls_by_a_named_feeling_and_a_look_from_outside() -> None:
    seeker = begun()
    seeker.answer(LOOKS_AT_IT)
    assert seeker.ledger.voiced and seeker.ledger.strength == STRENGTH
    seeker.answer(LOOKS_AT_IT)  # nobody has named the feeling yet
    assert seeker.ledger.strength == STRENGTH
    for fall in (1, 2):
        seeker.answer(REFLECTS)
        said = seeker.answer(LOOKS_AT_IT)
        assert seeker.ledger.strength == STRENGTH - fall * SOFTENS
    assert "aybe it was the shop." in said and seeker.ledger.turned


def test_a_step_is_chosen_from_options_and_planned_when_asked_for_a_time() -> None:
    seeker = begun()
    seeker.answer(ASKS_LEAVE)  # too early
    seeker.answer(REFLECTS)
    seeker.answer(REFLECTS)
    seeker.answer(ASKS_LEAVE)
    assert not seeker.ledger.chose
    seeker.answer(OPTIONS)
    assert seeker.ledger.chose and not seeker.ledger.planned
    assert "onday" in seeker.answer("When might be a good moment for it?")
    assert seeker.ledger.planned and seeker.ledger.unasked == 0


def test_an_idea_that_failed_before_is_rejected_even_when_asked_for() -> None:
    seeker = begun(asks_at=1)
    assert seeker.answer(REFLECTS).endswith("?")
    seeker.answer(ADVICE)
    assert (seeker.ledger.unasked, seeker.ledger.rejected) == (0, 1)


def test_nobody_on_a_card_wants_to_die() -> None:
    seeker = begun()
    assert "o" in seeker.answer("Are you having thoughts of suicide?").lower()
    assert seeker.ledger.death_asked == 1


def test_the_same_seed_says_the_same() -> None:
    replies = (REFLECTS, ADVICE, OPTIONS, LOOKS_AT_IT)
    one, two = ([begun().answer(reply) for reply in replies] for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I am no use.", "I am no use."),
        ("They all laugh.", "they all laugh."),
        ("Bea has never laughed.", "Bea has never laughed."),
    ],
)
def test_a_belief_goes_on_a_sentence_but_names_stay_names(text, said):
    assert _low(text, "They laugh. The other junior, Bea, helps me. They know.") == said
