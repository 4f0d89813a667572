"""Motivational-interviewing codes by rule."""

from __future__ import annotations

import pytest

from voice_agent.contracts import Strategy
from voice_agent.think.mi import code_of, mi_codes, sentences


@pytest.mark.parametrize(
    ("sentence", "code"),
    [
        ("What has that been like?", "open_question"),
        ("Do you sleep at all?", "closed_question"),
        ("Would you like to hear an idea?", "seek_collaboration"),
        ("You should talk to him.", "persuade"),
        ("Why don't you call her.", "persuade"),
        ("It's your call.", "emphasise_autonomy"),
        ("You're being unreasonable.", "confront"),
        ("You found words for it.", "affirm"),
        ("The sky is wide.", "other"),
    ],
)
def test_codes(sentence: str, code: str) -> None:
    assert code_of(sentence) == code


def test_a_bare_statement_takes_the_code_of_the_move() -> None:
    assert mi_codes("A wall.", Strategy.REFLECTION, consent=False) == ("complex_reflection",)
    assert mi_codes("A wall.", Strategy.RESTATEMENT, consent=False) == ("simple_reflection",)


def test_the_same_advice_is_coded_by_permission() -> None:
    text = "You should rest."
    assert mi_codes(text, Strategy.SUGGESTION, consent=False) == ("persuade",)
    assert mi_codes(text, Strategy.SUGGESTION, consent=True) == ("persuade_with_permission",)


def test_sentences_keep_their_order_and_marks() -> None:
    assert sentences("So it is. Is it?  Yes") == ("So it is.", "Is it?", "Yes")
    assert sentences("") == ()
