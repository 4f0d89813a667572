"""The corpus: manifests, shards, and a cache that is decoded once."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from codec.errors import SecoustiError
from training.corpus import load_corpus, read_manifest

HEADER = "id\tfile\tsplit\tspeaker\tsource\n"


def tone(hz: float, seconds: float, rate_hz: int) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """One plain 44.1 kHz stereo file and one member of a tar shard."""
    stereo = np.stack([tone(200, 1.0, 44100)] * 2, axis=1)
    sf.write(tmp_path / "a.wav", stereo, 44100)
    buffer = io.BytesIO()
    sf.write(buffer, tone(300, 0.5, 16000), 16000, format="WAV")
    with tarfile.open(tmp_path / "shard.tar", "w") as tar:
        info = tarfile.TarInfo("b.wav")
        info.size = len(buffer.getvalue())
        tar.addfile(info, io.BytesIO(buffer.getvalue()))
    path = tmp_path / "m.tsv"
    path.write_text(HEADER + "a\ta.wav\ttrain\ts1\tx\nb\tshard.tar/b.wav\ttrain\ts2\ty\n")
    return path


def test_every_utterance_arrives_at_16_khz(manifest: Path, tmp_path: Path) -> None:
    corpus = load_corpus(manifest, "train", tmp_path / "cache")
    assert [u.length for u in corpus.utterances] == [16000, 8000]
    assert [(u.speaker, u.source) for u in corpus.utterances] == [("s1", "x"), ("s2", "y")]
    assert np.abs(corpus.audio[2000:14000]).max() == pytest.approx(16384, rel=0.02)


def test_the_cache_is_used_when_the_audio_is_gone(manifest: Path, tmp_path: Path) -> None:
    first = load_corpus(manifest, "train", tmp_path / "cache")
    (tmp_path / "a.wav").unlink()
    again = load_corpus(manifest, "train", tmp_path / "cache")
    assert np.array_equal(first.audio, again.audio)


def test_sources_are_weighted_by_length(manifest: Path, tmp_path: Path) -> None:
    corpus = load_corpus(manifest, "train", tmp_path / "cache")
    assert corpus.of_sources({}).tolist() == pytest.approx([2 / 3, 1 / 3])
    assert corpus.of_sources({"x": 0.5}).tolist() == pytest.approx([0.5, 0.5])


def test_a_manifest_without_a_column_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    path.write_text("file\tsplit\nx.wav\ttrain\n")
    with pytest.raises(SecoustiError, match="source, speaker"):
        read_manifest(path)


def test_a_missing_manifest_and_an_empty_split_are_told(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="no manifest"):
        read_manifest(tmp_path / "none.tsv")
    with pytest.raises(SecoustiError, match="no rows of split 'valid'"):
        load_corpus(manifest, "valid", tmp_path / "cache")


def test_files_that_cannot_be_read_are_listed_and_never_drawn(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.wav").write_text("no sound")
    more = [("notes.wav", "s3"), ("gone.wav", "s4"), ("shard.tar/c.wav", "s5"), ("no.tar/d", "s6")]
    rows = "".join(f"x\t{file}\ttrain\t{speaker}\tz\n" for file, speaker in more)
    manifest.write_text(manifest.read_text() + rows)
    corpus = load_corpus(manifest, "train", tmp_path / "cache")
    assert "4 of 6 files cannot be read" in capsys.readouterr().out
    lengths = {u.speaker: u.length for u in corpus.utterances}
    assert [lengths[f"s{n}"] for n in (1, 2, 3, 4, 5, 6)] == [16000, 8000, 0, 0, 0, 0]
    assert corpus.of_sources({}).tolist().count(0) == 4
    listed = (tmp_path / "cache" / "train.skipped.tsv").read_text().splitlines()
    assert {line.split("\t")[0] for line in listed[1:]} == {file for file, _ in more}


def test_a_manifest_of_nothing_readable_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    path.write_text(HEADER + "a\ta.wav\ttrain\ts1\tx\n")
    with pytest.raises(SecoustiError, match="none of 1 files can be read"):
        load_corpus(path, "train", tmp_path / "cache")
