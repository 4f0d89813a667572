"""``secousti train``: one command from a manifest to weights the codec loads, and on from there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from safetensors import safe_open

from codec import load_codec
from secousti.__main__ import main
from training.checkpoint import load_checkpoint


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    t = np.arange(32000) / 16000
    sf.write(tmp_path / "a.wav", 0.3 * np.sin(2 * np.pi * 150 * t), 16000)
    path = tmp_path / "m.tsv"
    path.write_text("file\tsplit\tspeaker\tsource\na.wav\ttrain\ts\tx\n")
    return path


def train(manifest: Path, out: Path, *more: str) -> int:
    words = ["train", "codec", "--rate", "high", "--manifest", str(manifest), "--out", str(out)]
    return main([*words, *more])


def test_a_run_ends_with_weights_and_can_go_on(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert train(manifest, out, "--minutes", "0.01") == 0
    first = load_checkpoint(out / "checkpoint.pt")["progress"]
    assert first["step"] >= 1
    assert load_codec("high", out / "high.safetensors").rate.name == "high"
    one_second_more = f"{(first['elapsed_s'] + 1) / 60:.3f}"
    assert train(manifest, out, "--minutes", one_second_more, "--resume") == 0
    assert load_checkpoint(out / "checkpoint.pt")["progress"]["step"] > first["step"]


def test_a_run_of_steps_ends_at_its_last_step(manifest: Path, tmp_path: Path) -> None:
    assert train(manifest, tmp_path, "--steps", "2") == 0
    assert load_checkpoint(tmp_path / "checkpoint.pt")["progress"]["step"] == 2
    assert train(manifest, tmp_path, "--steps", "3", "--resume") == 0
    assert load_checkpoint(tmp_path / "checkpoint.pt")["progress"]["step"] == 3


def test_aligning_counts_what_cannot_be_aligned(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    where = ["--manifest", str(manifest), "--cache", str(tmp_path / "cache"), "--jobs", "1"]
    assert main(["train", "align", *where]) == 0
    assert "1 no transcript" in capsys.readouterr().out
    assert main(["train", "align", *where]) == 0
    assert "1 done before" in capsys.readouterr().out


def test_mistakes_are_one_line(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path / "none.tsv", tmp_path / "run", "--minutes", "1") == 2
    assert "no manifest" in capsys.readouterr().err
    for length in ("--minutes", "--steps"):
        assert train(manifest, tmp_path / "run", length, "-1") == 2
        assert "must be positive" in capsys.readouterr().err


def test_validation_speech_is_scored_on_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    t = np.arange(80_000) / 16_000
    sf.write(tmp_path / "a.wav", 0.3 * np.sin(2 * np.pi * 150 * t), 16_000)
    rows = "a.wav\ttrain\ts\tx\na.wav\tvalid\ts\tx\n"
    (tmp_path / "m.tsv").write_text("file\tsplit\tspeaker\tsource\n" + rows)
    assert train(tmp_path / "m.tsv", tmp_path / "run", "--minutes", "0.01", "--batch", "2") == 0
    assert "unseen: mel" in capsys.readouterr().out


def test_an_ablation_is_written_into_its_weights(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert train(manifest, out, "--minutes", "0.01", "--without", "vae,text", "--batch", "2") == 0
    with safe_open(out / "high.safetensors", "pt") as weights:
        assert weights.metadata()["without"] == "text,vae"
