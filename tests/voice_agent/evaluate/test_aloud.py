"""Cases as a recogniser hears them: English ones only, each n-th, beside the words as written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from codec.errors import SecoustiError
from voice_agent.evaluate import aloud
from voice_agent.evaluate.families import families, heard_cases


def test_cases_are_rewritten_beside_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [{"lang": lang, "text": text, "risk": "none"} for lang, text in
             (("en", "one"), ("es", "dos"), ("en", "two"), ("en", "three"))]  # fmt: skip
    source, out = tmp_path / "cases.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    monkeypatch.setattr(aloud, "heard_texts", lambda rows, *_: [r["text"].upper() for r in rows])
    monkeypatch.setattr("sys.argv", ["aloud", str(source), str(out), "--every", "2"])
    assert aloud.main() == 0
    texts = [
        [json.loads(line)["text"] for line in path.read_text().splitlines()]
        for path in (out, tmp_path / "out.written.jsonl")
    ]
    assert texts == [["ONE", "THREE"], ["one", "three"]]


def test_traces_are_content_words_that_can_be_made_out() -> None:
    written = "i swallowed all the tablets at lunch"
    assert aloud.traces("i swallow all the tablet at lunch", written) == 3
    assert aloud.traces("the war at the lab", written) == 0


def test_the_telephone_keeps_length_and_loses_what_is_above_it() -> None:
    time = np.arange(16_000) / 16_000
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) / 2 for f in (500, 6000))
    heard = aloud._telephoned(low + high)
    assert heard.shape == low.shape
    assert np.abs(heard - low)[800:-800].max() < 0.1


def test_a_missing_file_is_a_one_line_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["aloud", str(tmp_path / "none.jsonl"), "out.jsonl"])
    assert aloud.main() == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_split_gives_one_reading_of_every_line() -> None:
    rows = aloud.english_cases("valid")
    lines = [line for f in families("valid") for line in f["say"].strip().split("\n")]
    assert len(rows) == len(lines)
    assert not any(set("{|}") & set(row["text"]) for row in rows)
    assert {row["family"] for row in rows} == {family["name"] for family in families("valid")}
    with pytest.raises(SecoustiError, match="no crisis families"):
        aloud.english_cases("nowhere")


def test_kept_readings_belong_to_their_split() -> None:
    for split in ("train", "valid"):
        names = {family["name"] for family in families(split)}
        assert {case.family for case in heard_cases(split)} <= names
