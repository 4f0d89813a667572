"""``bench say``: every system says every line, and words and time are counted."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from codec.errors import SecoustiError
from tests.voice_agent.speak.speakers import untrained_speaker
from voice_agent.evaluate.saying import LINES, read_lines, run_say


@pytest.fixture
def args(tmp_path: Path) -> argparse.Namespace:
    untrained_speaker(tmp_path)
    (tmp_path / "lines.txt").write_text("Hello there.\n\n--\nHow are you?\n")
    return argparse.Namespace(
        rates="low", lines=tmp_path / "lines.txt", weights=None, speakers=tmp_path, max=0,
        json=tmp_path / "say.json",
    )  # fmt: skip


def test_words_are_counted_for_every_system(
    args: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voice_agent.evaluate.saying.load_distillmos", lambda: None)
    monkeypatch.setattr("voice_agent.evaluate.saying.load_dnsmos", lambda: lambda wave: 3.0)
    heard: list[int] = []

    def recognise(wave: np.ndarray) -> str:
        heard.append(len(wave))
        return "hello there"

    assert run_say(args, recognise) == 0
    systems = json.loads(args.json.read_text())["systems"]
    assert list(systems) == ["agent's voice", "agent's voice, coded low", "tokens low"]
    assert len(heard) == 6
    for row in systems.values():
        assert row["n"] == 2
        assert row["wer"] == pytest.approx(3 / 5)  # "how are you" was heard as two other words
        assert row["dnsmos"] == 3.0
        assert row["distillmos"] is None


def test_without_a_recogniser_or_lines_it_says_so(args: argparse.Namespace, tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="no recogniser"):
        run_say(args, None)
    (tmp_path / "empty.txt").write_text("\n--\n")
    with pytest.raises(SecoustiError, match="no line with a word"):
        read_lines(tmp_path / "empty.txt")
    with pytest.raises(SecoustiError, match="no file"):
        read_lines(tmp_path / "none.txt")


def test_the_lines_that_ship_are_many_and_different() -> None:
    lines = read_lines(LINES)
    assert len(lines) == len(set(lines)) >= 20
