"""Cases as a recogniser hears them: English ones only, each n-th, beside the words as written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voice_agent.evaluate import aloud


def test_cases_are_rewritten_beside_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [{"lang": lang, "text": text, "risk": "none"} for lang, text in
             (("en", "one"), ("es", "dos"), ("en", "two"), ("en", "three"))]  # fmt: skip
    source, out = tmp_path / "cases.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    monkeypatch.setattr(aloud, "heard_texts", lambda rows, snr: [r["text"].upper() for r in rows])
    monkeypatch.setattr("sys.argv", ["aloud", str(source), str(out), "--every", "2"])
    assert aloud.main() == 0
    texts = [
        [json.loads(line)["text"] for line in path.read_text().splitlines()]
        for path in (out, tmp_path / "out.written.jsonl")
    ]
    assert texts == [["ONE", "THREE"], ["one", "three"]]


def test_a_missing_file_is_a_one_line_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["aloud", str(tmp_path / "none.jsonl"), "out.jsonl"])
    assert aloud.main() == 2
    assert "cannot be read" in capsys.readouterr().err
