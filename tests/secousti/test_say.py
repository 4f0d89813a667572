"""``secousti say``: a sound or token file out of a line of text, and mistakes in one line."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile as sf

from codec.file import read_sec
from secousti.__main__ import main
from tests.conftest import make_hum
from tests.voice_agent.speak.speakers import untrained_speaker

Say = Callable[..., int]
TEXT = "It sounds as if this week has been hard."


@pytest.fixture
def say(tmp_path: Path) -> Say:
    speaker = untrained_speaker(tmp_path)

    def run(text: str, *more: str) -> int:
        return main(["say", text, "--rate", "low", "--speaker", str(speaker), *more])

    return run


def test_a_token_file_and_a_sound_file_hold_the_same_line(
    say: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say(TEXT, "--out", str(tmp_path / "a.sec")) == 0
    assert say(TEXT, "--out", str(tmp_path / "a.wav")) == 0
    tokens, sound = read_sec(tmp_path / "a.sec"), sf.info(tmp_path / "a.wav")
    assert tokens.samples == sound.frames
    assert sound.samplerate == 16000
    assert "bits" in capsys.readouterr().out


def test_the_text_may_come_from_standard_input(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert say(TEXT, "--out", str(tmp_path / "a.sec")) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(TEXT))
    assert say("-", "--out", str(tmp_path / "b.sec")) == 0
    assert read_sec(tmp_path / "a.sec").equals(read_sec(tmp_path / "b.sec"))


def test_a_recording_lends_its_voice(say: Say, tmp_path: Path) -> None:
    sf.write(tmp_path / "voice.wav", make_hum(3.0), 16000)
    assert say(TEXT, "--voice", str(tmp_path / "voice.wav"), "--out", str(tmp_path / "a.sec")) == 0
    assert set(read_sec(tmp_path / "a.sec").voice.flatten().tolist()) != {77}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--pace", "9"), "between 0.5"),
        (("--voice", "nobody.wav"), "nobody.wav"),
        (("--speaker", "none.safetensors"), "train one with"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_written(
    say: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], told: str
) -> None:
    assert say(TEXT, "--out", str(tmp_path / "a.wav"), *more) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") <= 3
    assert not (tmp_path / "a.wav").exists()
