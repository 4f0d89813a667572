"""``secousti bench tokens`` from a manifest to a report, and what it says of bad input."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from codec.errors import SecoustiError
from codec.model import seeded_model
from codec.rates import LOW
from codec.weights import save_weights
from secousti.__main__ import main
from tests.training.probes.conftest import TINY
from training.corpus import load_corpus
from training.phones import label_paths, label_starts
from training.probes.data import LONGEST_S, Selection, choose, familiar, open_split, spoken
from training.probes.session import Probes, TokenBench, run_tokens

SPEAKERS = 3
EACH = 9
FEW = replace(TINY, steps=3)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three speakers to learn from, two to test on, and one long recording of a fourth."""
    folder = tmp_path_factory.mktemp("speech")
    lines = ["file\tsplit\tspeaker\tsource\tgender\n"]
    for split, speakers in (("train", "abc"), ("valid", "xy")):
        for speaker in speakers:
            for number in range(EACH):
                name = f"{speaker}{number}.wav"
                write(folder / name, 1.6 + 0.1 * number)
                gender = "f" if speaker in "ax" else "m"
                lines.append(f"{name}\t{split}\t{speaker}\tread\t{gender}\n")
    write(folder / "long.wav", 1.5 * LONGEST_S)
    lines.append("long.wav\ttrain\td\ttalk\t\n")
    (folder / "m.tsv").write_text("".join(lines))
    for split in ("train", "valid"):
        label(folder / "m.tsv", folder / "cache", split)
    return folder / "m.tsv"


def write(path: Path, seconds: float) -> None:
    noise = np.random.default_rng(len(path.name) + int(10 * seconds)).normal(0, 0.1, 200_000)
    soundfile.write(path, noise[: int(16_000 * seconds)], 16_000)


def label(manifest: Path, cache: Path, split: str) -> None:
    """Labels as the aligner leaves them: phones of 80 ms, everything fits."""
    corpus = load_corpus(manifest, split, cache)
    labels_path, scores_path = label_paths(cache, split)
    count = int(label_starts(corpus)[-1])
    np.save(labels_path, (1 + np.arange(count) // 8 % 30).astype(np.uint8))
    np.save(scores_path, np.full(len(corpus.utterances), -12, np.float32))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A codec without training: what it codes does not matter here."""
    path = tmp_path_factory.mktemp("weights") / "low.safetensors"
    save_weights(path, dict(seeded_model(LOW).named_parameters()), {})
    return path.parent


def test_a_run_reports_every_measure(manifest: Path, weights: Path, tmp_path: Path) -> None:
    bench = TokenBench(
        manifest=manifest,
        cache=manifest.parent / "cache",
        rates=("low",),
        weights=weights,
        seeds=2,
        selection=Selection(1, 1, speakers=SPEAKERS, each=EACH),
        probes=Probes(FEW, FEW, FEW),
        json=tmp_path / "r.json",
        command="x",
    )
    run_tokens(bench)
    report = json.loads((tmp_path / "r.json").read_text())
    low = report["rates"]["low"]
    assert (report["seeds"], len(low["encoder"])) == ([0, 1], 16)
    assert low["speech"]["learnt_utterances"] == SPEAKERS * EACH + 1
    assert low["speech"]["tested_speakers"] == 2
    assert low["phones"]["utterances"] == 2 * 2 * EACH  # each once a seed
    assert low["leakage"]["tokens"]["speaker"]["answers"] == SPEAKERS
    assert low["leakage"]["voice"]["emotion"]["accuracy"] is None
    assert "emotion" in low["leakage"]["voice"]["emotion"]["reason"]
    assert report["log_mel"]["phones"]["phones"] == low["phones"]["phones"]
    assert 0 < low["codebook"]["tokens"]["entropy_bits"] <= 10
    assert low["retrieval"]["stretches"]["n"] == 2 * EACH


def test_the_speakers_asked_about_are_of_one_source(manifest: Path) -> None:
    split = open_split(manifest, "train", manifest.parent / "cache")
    order = list(range(len(split.rows)))
    assert [len(group) for group in familiar(split, order, 2, EACH)] == [EACH, EACH]
    assert familiar(split, order, 2, EACH + 1) == []
    chosen = choose(split, minutes=100, speakers=2, each=4)
    assert len(set(chosen)) == len(chosen) == SPEAKERS * EACH + 1


def test_long_utterances_are_cut_and_tokens_kept(manifest: Path, tmp_path: Path) -> None:
    split = open_split(manifest, "train", manifest.parent / "cache")
    numbers = [len(split.rows) - 1, 2]
    model = seeded_model(LOW)
    first = spoken(split, numbers, model, tmp_path, lambda done: None)
    assert first[0].seconds == LONGEST_S
    assert (len(first[0].codes), len(first[0].phones)) == (25 * LONGEST_S, 100 * LONGEST_S)
    assert first[1].row["speaker"] == "a"
    assert len(list(tmp_path.rglob("*.npz"))) == 1
    again = spoken(split, numbers, model, tmp_path, lambda done: None)
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.codes, other.codes)
        assert np.array_equal(one.voice, other.voice)


def test_a_corpus_without_labels_says_how_to_make_them(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="secousti train align"):
        open_split(manifest, "valid", tmp_path)


def test_a_cache_of_another_manifest_is_told(manifest: Path, tmp_path: Path) -> None:
    lines = manifest.read_text().splitlines()
    other = manifest.parent / "other.tsv"
    other.write_text("\n".join([lines[0], *reversed(lines[1:])]))
    with pytest.raises(SecoustiError, match="another corpus"):
        open_split(other, "train", manifest.parent / "cache")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--seeds", "0"], "must be positive"),
        (["--minutes", "-3"], "must be positive"),
        (["--rates", "middle"], "unknown rate 'middle'"),
        (["--rates", ","], "name a rate"),
        (["--weights", "nowhere.safetensors"], "no codec weights"),
    ],
)
def test_mistakes_are_one_line(
    manifest: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--manifest", str(manifest), "--cache", str(manifest.parent / "cache")]
    assert main(["bench", "tokens", *where, *more]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_missing_manifest_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--manifest", str(tmp_path / "m.tsv"), "--cache", str(tmp_path)]
    assert main(["bench", "tokens", *where, "--rates", "low"]) == 2
    assert "no manifest" in capsys.readouterr().err
