"""Cutting a benchmark set out of a speech table with tar shards."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from codec.bench.extract import Selection, extract
from codec.bench.manifest import read_manifest
from codec.errors import SecoustiError

ROWS = (  # id, split, speaker, source
    ("a1", "valid", "ann", "books"),
    ("a2", "valid", "ann", "books"),
    ("a3", "valid", "ann", "books"),
    ("b1", "valid", "bob", "calls"),
    ("c1", "train", "cat", "books"),
)


@pytest.fixture
def table(tmp_path: Path, hum: Callable[..., np.ndarray]) -> Path:
    """Five Opus recordings at 24 kHz, stereo, in one shard, and their table."""
    (tmp_path / "shards").mkdir()
    lines = ["id\tfile\tsplit\tspeaker\tsource\ttranscript"]
    with tarfile.open(tmp_path / "shards" / "s-00.tar", "w") as shard:
        for name, split, speaker, source in ROWS:
            sound = io.BytesIO()
            stereo = np.repeat(hum(0.5, rate_hz=24_000)[:, None], 2, axis=1)
            soundfile.write(sound, stereo, 24_000, format="OGG", subtype="OPUS")
            member = tarfile.TarInfo(f"{name}.opus")
            member.size = len(sound.getvalue())
            shard.addfile(member, io.BytesIO(sound.getvalue()))
            lines.append(f"{name}\tshards/s-00.tar/{name}.opus\t{split}\t{speaker}\t{source}\tHI")
    path = tmp_path / "speech.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def taken(table: Path, selection: Selection) -> list[str]:
    manifest = extract(table, table.parent / "out", selection)
    return [clip.id for clip in read_manifest(manifest)]


def test_the_valid_split_comes_as_16_khz_mono(table: Path) -> None:
    assert set(taken(table, Selection())) == {"a1", "a2", "a3", "b1"}
    wave, rate_hz = soundfile.read(table.parent / "out" / "a1.flac")
    assert (rate_hz, wave.shape) == (16_000, (8_000,))


def test_a_small_set_is_spread_over_speakers(table: Path) -> None:
    assert taken(table, Selection(most=2)) == ["a1", "b1"]


def test_named_readers_are_taken_from_the_train_split_too(table: Path) -> None:
    assert taken(table, Selection(speakers=["cat"])) == ["c1"]


def test_sources_narrow_the_choice(table: Path) -> None:
    assert taken(table, Selection(sources=["calls"])) == ["b1"]


def test_plain_files_need_no_shard(table: Path, hum: Callable[..., np.ndarray]) -> None:
    soundfile.write(table.parent / "d1.flac", hum(0.5, rate_hz=8_000), 8_000)
    with table.open("a") as lines:
        lines.write("d1\td1.flac\tvalid\tdan\town\tHI\n")
    assert taken(table, Selection(sources=["own"])) == ["d1"]
    wave, rate_hz = soundfile.read(table.parent / "out" / "d1.flac")
    assert (rate_hz, wave.shape) == (16_000, (8_000,))


def test_an_empty_choice_and_a_missing_recording_are_told(table: Path) -> None:
    with pytest.raises(SecoustiError, match="no recording"):
        taken(table, Selection(speakers=["nobody"]))
    table.write_text(table.read_text().replace("a1.opus", "gone.opus"))
    with pytest.raises(SecoustiError, match=r"cannot read shards/s-00.tar/gone.opus"):
        taken(table, Selection())
