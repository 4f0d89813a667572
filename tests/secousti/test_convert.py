"""``secousti convert``: a file in another voice, its measures, and every file that cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from secousti.__main__ import main

Hum = Callable[..., np.ndarray]


def words_for(folder: Path, *more: str) -> list[str]:
    """The command line for files of the usual names in ``folder``."""
    names = {"--content": "a.wav", "--voice": "b.wav", "--out": "c.wav"}
    paired = [part for flag, name in names.items() for part in (flag, str(folder / name))]
    return ["convert", *paired, *more]


@pytest.fixture
def folder(tmp_path: Path, hum: Hum) -> Path:
    soundfile.write(tmp_path / "a.wav", hum(2.0), 16_000)
    soundfile.write(tmp_path / "b.wav", hum(2.5, 44_100, pitch_hz=220), 44_100)
    return tmp_path


@pytest.mark.parametrize("rate", ["low", "high"])
def test_the_words_come_back_in_another_voice(
    folder: Path, rate: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words_for(folder, "--rate", rate)) == 0
    assert "in the voice of" in capsys.readouterr().out
    wav, rate_hz = soundfile.read(folder / "c.wav")
    assert (wav.shape, rate_hz) == ((32_000,), 16_000)
    assert np.abs(wav).max() > 0.001


def test_measures_are_written_or_null_with_a_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secousti.commands.bench.recognise", lambda wave: "hum hum")
    monkeypatch.setattr("codec.bench.conversion.load_similarity", lambda: None)
    assert main(words_for(folder, "--rate", "low", "--json", str(folder / "r.json"))) == 0
    report = json.loads((folder / "r.json").read_text())
    assert (report["rate"], report["wer"], report["to_voice"]) == ("low", 0.0, None)
    assert report["words"] == {"content": "hum hum", "converted": "hum hum"}
    assert "pip install" in report["missing"]["similarity"]


@pytest.mark.parametrize("which", ["a.wav", "b.wav"])
@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"what a lovely day " * 99),
        lambda path: soundfile.write(path, np.zeros(0), 16_000),
        lambda path: soundfile.write(path, np.full(16_000, np.nan), 16_000, subtype="FLOAT"),
    ],
    ids=["absent", "text", "no samples", "NaN"],
)
def test_what_is_no_sound_makes_no_file(
    folder: Path, which: str, make: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    make(folder / which)
    assert main(words_for(folder)) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("secousti: ")
    assert shown.err.count("\n") == 1
    assert which in shown.err
    assert not (folder / "c.wav").exists()


@pytest.mark.parametrize(
    ("wav", "said"),
    [(np.full(1_600, 0.1), "too short"), (np.zeros(32_000), "silent")],
    ids=["0.1 s", "silence"],
)
def test_what_tells_no_voice_is_told(
    folder: Path, wav: np.ndarray, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(folder / "b.wav", wav, 16_000)
    assert main(words_for(folder)) == 2
    assert said in capsys.readouterr().err
    assert not (folder / "c.wav").exists()


def test_a_place_that_cannot_be_written_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").write_text("")
    words = words_for(folder)
    words[words.index("--out") + 1] = str(folder / "file" / "c.wav")
    assert main(words) == 2
    assert "cannot write" in capsys.readouterr().err
