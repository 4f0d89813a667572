"""Phone labels: real alignment of synthetic speech, counted failures, and a run that goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import secousti
from codec.audio import read_audio
from codec.errors import SecoustiError
from codec.speaking.phones import NUMBER, PHONES, SILENCE
from training import alignment
from training.alignment import CannotAlign, align_corpus
from training.batches import BatchConfig, Batches
from training.corpus import load_corpus
from training.phones import UNKNOWN, WORST_SCORE, open_labels

CALLER = Path(secousti.__file__).parent / "data" / "caller" / "turn-1.ogg"
TABLE = "id\tfile\tsplit\tspeaker\tsource\ttranscript\n"


def spoken_corpus(folder: Path, *transcripts: str) -> Path:
    """A manifest whose utterances sound alike and say what is given."""
    lines = []
    for number, transcript in enumerate(transcripts):
        wav = 0.1 * np.sin(np.arange(8_000 + 160 * number) / 9)
        soundfile.write(folder / f"{number}.wav", wav, 16_000)
        lines.append(f"u{number}\t{number}.wav\ttrain\ts{number}\ttest\t{transcript}\n")
    (folder / "m.tsv").write_text(TABLE + "".join(lines))
    return folder / "m.tsv"


def labelled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An aligner that says AA for the first half and B for the second, and notes its work."""
    asked: list[str] = []

    def align(pcm: np.ndarray, transcript: str) -> tuple[np.ndarray, float]:
        asked.append(transcript)
        if not transcript:
            raise CannotAlign("no transcript")
        labels = np.full(len(pcm) // 160, NUMBER["AA"], np.uint8)
        labels[len(labels) // 2 :] = NUMBER["B"]
        return labels, -90.0 if transcript == "mumble" else -12.0

    monkeypatch.setattr(alignment, "align", align)
    monkeypatch.setattr(alignment, "_aligner", lambda: None)
    monkeypatch.setattr(alignment, "ProcessPoolExecutor", InThisProcess)
    return asked


class InThisProcess:
    def __init__(self, jobs: int) -> None: ...
    def __enter__(self) -> InThisProcess:
        return self

    def __exit__(self, *error: object) -> None: ...
    def map(self, function, work, chunksize):  # type: ignore[no-untyped-def]
        return map(function, work)


def test_every_utterance_is_counted_by_how_it_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled(monkeypatch)
    manifest = spoken_corpus(tmp_path, "hello there", "", "mumble")
    outcome = align_corpus(manifest, "train", tmp_path / "cache")
    assert outcome == {"aligned": 1, "no transcript": 1, "poor fit": 1, "done before": 0}


def test_a_second_run_does_only_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = labelled(monkeypatch)
    manifest = spoken_corpus(tmp_path, "hello", "again")
    align_corpus(manifest, "train", tmp_path / "cache")
    scores = np.load(tmp_path / "cache" / "train.scores.npy", mmap_mode="r+")
    scores[1] = np.nan  # as a killed run leaves it
    assert align_corpus(manifest, "train", tmp_path / "cache")["done before"] == 1
    assert asked == ["hello", "again", "again"]


def test_crops_carry_the_labels_of_their_own_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled(monkeypatch)
    manifest = spoken_corpus(tmp_path, "hello", "mumble")
    align_corpus(manifest, "train", tmp_path / "cache")
    corpus = load_corpus(manifest, "train", tmp_path / "cache")
    phones = open_labels(corpus, tmp_path / "cache", "train")
    assert phones is not None
    assert phones.fitting == 1
    whole = phones.crop(0, 8_000, 0, 9_600)
    assert list(whole[:25]) == [NUMBER["AA"]] * 25
    assert list(whole[25:50]) == [NUMBER["B"]] * 25
    assert list(whole[50:]) == [UNKNOWN] * 10
    assert list(phones.crop(0, 8_000, 3_200, 1_600)) == [NUMBER["AA"]] * 5 + [NUMBER["B"]] * 5
    assert set(phones.crop(1, 8_160, 0, 1_600)) == {UNKNOWN}


def test_led_in_silence_is_labelled_as_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled(monkeypatch)
    manifest = spoken_corpus(tmp_path, "hello")
    align_corpus(manifest, "train", tmp_path / "cache")
    corpus = load_corpus(manifest, "train", tmp_path / "cache")
    config = BatchConfig(batch=2, crop_samples=6_400, lead_silence=1.0)
    phones = open_labels(corpus, tmp_path / "cache", "train")
    batch = Batches(corpus, config, 0, phones)(0)
    assert batch.phones.shape == (2, 40)
    assert (batch.phones[:, :10] == SILENCE).all()
    assert (batch.phones[:, 20:] != SILENCE).all()


def test_labels_of_another_corpus_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled(monkeypatch)
    manifest = spoken_corpus(tmp_path, "hello", "there")
    cache = tmp_path / "cache"
    align_corpus(manifest, "train", cache)
    (tmp_path / "other").mkdir()
    other = load_corpus(spoken_corpus(tmp_path / "other", "hello"), "train", tmp_path / "c2")
    assert open_labels(other, cache, "train") is None
    assert open_labels(other, tmp_path / "nowhere", "train") is None


def test_a_cache_of_another_manifest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled(monkeypatch)
    manifest = spoken_corpus(tmp_path, "hello")
    load_corpus(manifest, "train", tmp_path / "cache")
    spoken_corpus(tmp_path, "hello", "there")
    with pytest.raises(SecoustiError, match="another corpus"):
        align_corpus(manifest, "train", tmp_path / "cache")


def test_real_words_are_found_where_they_are_spoken() -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    pcm = (32767 * read_audio(CALLER).numpy()).astype(np.int16)
    labels, score = alignment.align(
        pcm,
        "Hi. Um, I don't really know where to start. It's work. We have a deadline every week now, "
        "and my manager keeps adding more, and I'm just not sleeping any more.",
    )
    assert len(labels) == len(pcm) // 160
    assert score > WORST_SCORE
    runs = labels[np.flatnonzero(np.diff(labels, prepend=UNKNOWN))]
    spoken = [PHONES[k] for k in runs if k not in (SILENCE, UNKNOWN)]
    assert spoken[:6] == ["HH", "AY", "AH", "M", "AY", "D"]
    levels = np.sqrt(np.mean(np.square(pcm[: 160 * len(labels)].reshape(-1, 160) / 32768), 1))
    assert np.median(levels[labels != SILENCE]) > 3 * np.median(levels[labels == SILENCE])


def test_words_that_no_dictionary_has_are_refused() -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    pcm = np.zeros(16_000, np.int16)
    with pytest.raises(CannotAlign, match="dictionary"):
        alignment.align(pcm, "hello qwrtzpsdfg")
    with pytest.raises(CannotAlign, match="no transcript"):
        alignment.align(pcm, " ... ")
