"""The learnt coder: neighbours and place are signals, and without vectors the rules decide."""

from __future__ import annotations

import numpy as np
import pytest

from voice_agent.evaluate.fit.mi import written_lines
from voice_agent.think.mi import CODES, code_of
from voice_agent.think.mi_coder import learnt_codes, reply_signals, reply_vectors
from voice_agent.think.prototypes import Vectors


def embed(texts: list[str]) -> Vectors:
    return np.array([np.full(384, len(text), np.float32) for text in texts])


def test_without_vectors_the_rules_decide() -> None:
    said = ("What was that like?", "You should ring her.")
    assert (
        learnt_codes(said, "", None) == tuple(map(code_of, said)) == ("open_question", "persuade")
    )
    assert learnt_codes((), "hello", embed) == ()


def test_a_sentence_is_seen_with_its_neighbours() -> None:
    first, last = reply_signals(("You should ring her.", "What would you say?"))
    assert first["before:open_question"] == first["first"] == first["rule:persuade"] == 1.0
    assert last["after:persuade"] == last["last"] == 1.0
    assert first["last"] == first["only"] == last["first"] == 0.0
    assert reply_signals(("Right.",))[0]["only"] == 1.0


def test_each_sentence_lies_beside_the_callers_turn() -> None:
    rows = reply_vectors(("one", "three"), "caller", embed)
    assert rows.shape == (2, 768)
    assert rows[:, 0].tolist() == [3, 5]
    assert rows[:, 384].tolist() == [6, 6]
    assert reply_vectors(("one",), "", embed)[0, 384:].any() == np.False_


def test_it_hears_what_no_rule_was_made_for() -> None:
    vectors = pytest.importorskip("voice_agent.vectors").SentenceVectors.load()
    said = ("Under the anger there is hurt.", "Where does it sit in the week?")
    codes = learnt_codes(said, "I shouted at him again and then I cried", vectors)
    assert codes == ("complex_reflection", "open_question")


def test_written_lines_carry_known_codes() -> None:
    lines = written_lines(["a caller"])
    assert len(lines) > 100
    assert {code for line in lines for code in line.codes} <= set(CODES)
    assert len({line.said for line in lines}) == len(lines)
