"""Evaluation files: both formats read, every fault named with its line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codec.errors import SecoustiError
from voice_agent.evaluate.corpus import check_file
from voice_agent.evaluate.first_person import Item
from voice_agent.evaluate.lines import read_rows
from voice_agent.evaluate.talks import read_talks
from voice_agent.evaluate.tracked import tracked_answer

CALLER = {"who": "caller", "text": "My boss yells at me.", "emotion": "anger", "risk": "none"}
SUPPORTER = {
    "who": "supporter", "text": "Every day?", "strategy": "question", "stage": "exploration",
    "mi": ["closed_question"],
}  # fmt: skip


def dialogue(**changes: Any) -> dict[str, Any]:
    return {
        "id": "work-01", "family": "work", "split": "train", "locale": "IE",
        "caller": {"age": "30s", "mood": "tired", "speech": "quick"}, "problem": "A loud boss.",
        "risk_peak": "none", "turns": [CALLER, SUPPORTER] * 5, **changes,
    }  # fmt: skip


def write(tmp_path: Path, *rows: object, name: str = "work.jsonl") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
    return path


def test_a_sound_dialogue_passes_and_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, dialogue())
    assert check_file(path) == []
    talk = read_talks(path)[0]
    assert (talk.family, talk.split, len(talk.turns)) == ("work", "train", 10)
    assert talk.turns[1].mi == ("closed_question",)
    assert read_talks(tmp_path) == [talk]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"split": "dev"}, "field 'split' is 'dev'"),
        ({"locale": "XX"}, "field 'locale' is 'XX'"),
        ({"family": "home"}, "must be the file's name, 'work'"),
        ({"caller": {"age": "12", "mood": "", "speech": ""}}, "field 'age' is '12'"),
        ({"risk_peak": "high"}, "the gravest turn is another"),
        ({"turns": [CALLER, SUPPORTER]}, "field 'turns' has 2"),
        ({"turns": [CALLER] * 10}, "must alternate"),
        ({"turns": [{**CALLER, "risk": "big"}, SUPPORTER] * 5}, "turns 1: field 'risk' is 'big'"),
        ({"turns": [CALLER, {**SUPPORTER, "mi": []}] * 5}, "has 0 codes for 1 sentences"),
        ({"turns": [CALLER, {**SUPPORTER, "mi": ["hm"]}] * 5}, "field 'mi' holds 'hm'"),
        ({"turns": [{**CALLER, "text": " "}, SUPPORTER] * 5}, "field 'text' is empty"),
    ],
)
def test_a_fault_names_line_and_field(tmp_path: Path, changes: Any, told: str) -> None:
    faults = check_file(write(tmp_path, "", dialogue(**changes)))
    assert any(told in fault for fault in faults), faults
    assert all("work.jsonl, line 2" in fault for fault in faults)


def test_ids_and_splits_must_agree_within_a_family(tmp_path: Path) -> None:
    faults = check_file(write(tmp_path, dialogue(), dialogue(split="test")))
    assert any("used 2 times" in fault for fault in faults)
    assert any("splits test, train" in fault for fault in faults)


@pytest.mark.parametrize("line", ["{", "[1]", "7"])
def test_lines_that_are_no_objects(tmp_path: Path, line: str) -> None:
    with pytest.raises(SecoustiError, match=r"work.jsonl, line 1"):
        read_rows(write(tmp_path, line))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="cannot be read"):
        read_rows(tmp_path / "none.jsonl")
    with pytest.raises(SecoustiError, match="is empty"):
        read_rows(write(tmp_path, ""))


def test_esconv_spellings_are_evened_out(tmp_path: Path) -> None:
    turns = [
        {"speaker": "usr", "text": "hi"},
        {"speaker": "sys", "text": "hello", "strategy": "Restatement or Paraphrasing"},
        {"speaker": "sys", "text": "try it", "strategy": "Providing Suggestions"},
    ]
    talk = read_talks(write(tmp_path, {"dialog": turns}))[0]
    assert [turn.strategy for turn in talk.turns] == ["", "restatement", "suggestion"]
    with pytest.raises(SecoustiError, match="line 1, dialog 1: field 'strategy'"):
        read_talks(
            write(tmp_path, {"dialog": [{"speaker": "sys", "text": "x", "strategy": "Joke"}]})
        )


STORY = "Nora puts the letter in the drawer. Nora goes to work. Felix moves the letter to the shed."
PLACES = ("in the drawer", "in the shed")


@pytest.mark.parametrize(
    ("story", "question", "options", "answer"),
    [
        (STORY, "Where does Nora think the letter is?", PLACES, 0),
        (STORY, "Where does Felix think the letter is?", PLACES, 1),
        (STORY, "Where is the letter really?", PLACES, 1),
        (STORY, "Where does Nora think the ball is?", PLACES, None),
        ("Theo doesn't know about the job.", "Does Theo know about the job?", ("yes", "no"), 1),
        ("Ann thinks that Bo is ill.", "What does Ann think?", ("Bo is well", "Bo is ill"), 1),
        ("It rained.", "What does Ann think?", ("a", "b"), None),
    ],
)
def test_questions_are_answered_from_the_tracker_or_not_at_all(
    story: str, question: str, options: tuple[str, ...], answer: int | None
) -> None:
    item = Item(story, question, options, 0, "")
    assert tracked_answer(item) == answer
