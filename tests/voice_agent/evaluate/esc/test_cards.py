"""Role cards: our own, the bare ones of ESC-Eval, and malformed ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codec.errors import SecoustiError
from voice_agent.evaluate.esc.cards import KINDS, read_cards

OURS = Path("voice_agent/data/evaluate/cards.jsonl")
BARE = {
    "age": "30", "gender": "woman", "occupation": "baker", "category": "family", "lang": "en",
    "problem": "My oven broke. I cannot sleep.",
}  # fmt: skip


def written(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "cards.jsonl"
    path.write_text(json.dumps({**BARE, **changes}))
    return path


def test_our_own_cards_are_many_varied_and_split() -> None:
    cards = read_cards(OURS, "")
    assert len(cards) >= 40
    assert len({card.id for card in cards}) == len(cards)
    assert {card.category for card in cards} == {"family", "work_study", "society"}
    assert {card.split for card in cards} == {"dev", "test"}
    assert all(card.belief and card.alternative and card.step and card.cause for card in cards)
    assert all(len(card.facts) >= 6 and card.facts[0].kind in KINDS for card in cards)


def test_a_bare_card_tells_the_sentences_of_its_problem(tmp_path: Path) -> None:
    (card,) = read_cards(written(tmp_path), "")
    assert [fact.text for fact in card.facts] == ["My oven broke.", "I cannot sleep."]
    assert (card.belief, card.step, card.cause) == ("", "", "")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"lang": "zh"}, "line 1: field 'lang' is 'zh'"),
        ({"age": 30}, "field 'age' must be text"),
        ({"problem": ""}, "field 'problem' is empty"),
        ({"asks_at": -1}, "field 'asks_at'"),
        ({"facts": [{"kind": "rumour", "text": "x"}]}, "facts 1: field 'kind' is 'rumour'"),
        ({"step": {"what": "rest"}}, "step: field 'when'"),
        ({"temper": "wild"}, "field 'temper'"),
    ],
)
def test_a_malformed_card_is_told(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(SecoustiError, match=told):
        read_cards(written(tmp_path, **changes), "")


def test_a_split_without_cards_is_told(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="no card of split 'test'"):
        read_cards(written(tmp_path), "test")
