"""encode, info and decode: sound to tokens and back, and every file that cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from secousti.__main__ import main

Hum = Callable[..., np.ndarray]
CEILING_BPS = {"low": 273, "high": 1092}


@pytest.fixture(scope="module", params=["low", "high"])
def rate(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def fault_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that ``words`` complain with; they must exit with 2 and print nothing else."""
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("secousti: ")
    assert shown.err.count("\n") == 1
    return shown.err


def test_sound_goes_to_tokens_and_back(
    tmp_path: Path, hum: Hum, rate: str, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "in.wav", hum(10.0), 16_000)
    sec, out = str(tmp_path / "x.sec"), str(tmp_path / "out.wav")
    assert main(["encode", str(tmp_path / "in.wav"), sec, "--rate", rate]) == 0
    capsys.readouterr()
    assert main(["info", sec]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert set(facts) == {
        "seconds", "rate", "tokens", "bits", "bps", "coded_bits", "coded_bps", "file_bytes",
    }  # fmt: skip
    assert (facts["seconds"], facts["rate"]) == (10.0, rate)
    assert facts["bits"] / facts["seconds"] == pytest.approx(facts["bps"], abs=0.01)
    assert facts["bps"] <= CEILING_BPS[rate]
    assert facts["coded_bits"] / 10 == pytest.approx(facts["coded_bps"], abs=0.1)
    assert facts["file_bytes"] == Path(sec).stat().st_size
    assert main(["decode", sec, out]) == 0
    wav, rate_hz = soundfile.read(out)
    assert (wav.shape, rate_hz) == ((160_000,), 16_000)
    assert np.abs(wav).max() > 0.01


def test_a_coded_file_is_no_longer_and_sounds_the_same(
    tmp_path: Path, hum: Hum, rate: str, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "in.wav", hum(3.0), 16_000)
    sounds = []
    for name, more in (("plain", []), ("coded", ["--coded"])):
        sec, out = tmp_path / f"{name}.sec", tmp_path / f"{name}.wav"
        assert main(["encode", str(tmp_path / "in.wav"), str(sec), "--rate", rate, *more]) == 0
        assert f"{sec.stat().st_size:,} bytes" in capsys.readouterr().out
        assert main(["decode", str(sec), str(out)]) == 0
        sounds.append(out.read_bytes())
    assert sounds[0] == sounds[1]
    assert (tmp_path / "coded.sec").stat().st_size <= (tmp_path / "plain.sec").stat().st_size


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_other_sample_rates_and_stereo_are_read(
    tmp_path: Path, hum: Hum, rate_hz: int, capsys: pytest.CaptureFixture[str]
) -> None:
    stereo = np.stack([hum(1.0, rate_hz)] * 2, axis=1)
    soundfile.write(tmp_path / "in.wav", stereo, rate_hz)
    sec = str(tmp_path / "x.sec")
    assert main(["encode", str(tmp_path / "in.wav"), sec]) == 0
    capsys.readouterr()
    main(["info", sec])
    assert json.loads(capsys.readouterr().out)["seconds"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    "wav",
    [np.zeros(16_000), np.full(1_600, 0.1), np.sign(np.sin(np.arange(16_000) / 20))],
    ids=["silent", "0.1 s", "clipped"],
)
def test_odd_sound_is_still_sound(tmp_path: Path, wav: np.ndarray) -> None:
    soundfile.write(tmp_path / "in.wav", wav, 16_000)
    sec, out = str(tmp_path / "x.sec"), str(tmp_path / "out.wav")
    assert main(["encode", str(tmp_path / "in.wav"), sec]) == 0
    assert main(["decode", sec, out]) == 0
    again, _ = soundfile.read(out)
    assert again.shape == wav.shape
    assert np.isfinite(again).all()


def write_nan(path: Path) -> None:
    soundfile.write(path, np.full(16_000, np.nan), 16_000, subtype="FLOAT")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: None,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"what a lovely day " * 99),
        lambda path: soundfile.write(path, np.zeros(0), 16_000),
        write_nan,
    ],
    ids=["absent", "nothing", "text", "no samples", "NaN"],
)
def test_what_is_no_sound_makes_no_file(
    tmp_path: Path, make: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "in.wav")
    fault = fault_of(["encode", str(tmp_path / "in.wav"), str(tmp_path / "x.sec")], capsys)
    assert "in.wav" in fault
    assert not list(tmp_path.glob("*.sec"))


@pytest.fixture(scope="module")
def sec(tmp_path_factory: pytest.TempPathFactory, rate: str) -> bytes:
    folder = tmp_path_factory.mktemp("sec")
    t = np.arange(32_000) / 16_000
    soundfile.write(folder / "in.wav", 0.3 * np.sin(2 * np.pi * 200 * t), 16_000)
    main(["encode", str(folder / "in.wav"), str(folder / "x.sec"), "--rate", rate])
    return (folder / "x.sec").read_bytes()


@pytest.mark.parametrize("command", ["info", "decode"])
@pytest.mark.parametrize("damage", ["nothing left", "cut", "one bit", "other file", "longer"])
def test_a_damaged_token_file_is_told(
    tmp_path: Path, sec: bytes, command: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    middle = len(sec) // 2
    damaged = {
        "nothing left": b"",
        "cut": sec[:-3],
        "one bit": sec[:middle] + bytes([sec[middle] ^ 4]) + sec[middle + 1 :],
        "other file": b"RIFF" * 20,
        "longer": sec + b"\0",
    }[damage]
    (tmp_path / "x.sec").write_bytes(damaged)
    words = [command, str(tmp_path / "x.sec")]
    fault = fault_of(words + [str(tmp_path / "x.wav")] * (command == "decode"), capsys)
    assert "x.sec" in fault
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.parametrize("content", [None, b"", b"these are no weights" * 50])
def test_missing_or_broken_weights_are_told(
    tmp_path: Path, hum: Hum, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "in.wav", hum(1.0), 16_000)
    weights = tmp_path / "other.safetensors"
    if content is not None:
        weights.write_bytes(content)
    words = ["encode", str(tmp_path / "in.wav"), str(tmp_path / "x.sec")]
    assert "other.safetensors" in fault_of([*words, "--weights", str(weights)], capsys)
