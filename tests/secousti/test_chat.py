"""The agent by text: one reply a line, as JSON or for people."""

from __future__ import annotations

import io
import json

import pytest

from codec.errors import SecoustiError
from secousti.chat import run_chat
from voice_agent.think import Mind, ThinkSettings

MIND = Mind.load(ThinkSettings(use_vectors=False))


def chat(*lines: str, as_json: bool = True, locale: str = "US") -> list[str]:
    out = io.StringIO()
    assert run_chat(lines, out, as_json, mind=MIND, locale=locale) == 0
    return out.getvalue().splitlines()


def test_one_json_reply_a_line_with_the_agreed_keys() -> None:
    rows = [json.loads(line) for line in chat("my boss yells at me\n", "I can't sleep\n")]
    assert [set(row) for row in rows] == [{"said", "stage", "strategy", "risk", "thinking"}] * 2
    assert rows[0]["stage"] == "exploration"
    assert rows[0]["risk"] == "none"
    assert rows[1]["thinking"]["facts"]["impact"] == ["you're not sleeping"]


def test_the_first_reply_says_that_this_is_an_ai() -> None:
    first, second = (json.loads(line)["said"] for line in chat("hello", "I feel sad"))
    assert "AI" in first
    assert "AI" not in second


def test_a_crisis_is_seen_and_keeps_the_chat_open() -> None:
    rows = [json.loads(line) for line in chat("I want to die", "bye", "yes", locale="UK")]
    assert [row["risk"] for row in rows][:2] == ["high", "high"]
    assert "one one six, one two three" in rows[0]["said"]
    assert len(rows) == 3


def test_a_goodbye_ends_it() -> None:
    assert len(chat("I feel sad", "okay bye", "never read")) == 2


def test_for_people_it_is_written_plainly() -> None:
    lines = chat("I want to die", as_json=False)
    assert lines[0].startswith("Secousti: ")
    assert "risk high" in lines[0]


def test_nothing_in_nothing_out() -> None:
    assert chat() == []


def test_an_unknown_locale_is_one_clear_message() -> None:
    with pytest.raises(SecoustiError, match="locale 'XX'"):
        chat("hi", locale="XX")
