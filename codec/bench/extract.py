"""Cut a benchmark set out of a speech table whose recordings are files, or lie in tar shards."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path

import numpy as np
import soundfile
import soxr

from codec.bench.manifest import Clip, read_table, write_manifest
from codec.bench.metrics.intrusive import Wave
from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ

TABLE_COLUMNS = ("id", "file", "split", "speaker", "source", "transcript")
SHARD_SUFFIX = ".tar/"


@dataclass(frozen=True)
class Selection:
    """Which recordings: the ``valid`` split, or any recordings of readers held out by name."""

    speakers: Sequence[str] = ()
    sources: Sequence[str] = ()
    most: int | None = None
    split: str = "valid"

    def takes(self, row: dict[str, str]) -> bool:
        """Whether a line of the table is wanted; named speakers count in every split."""
        wanted = row["speaker"] in self.speakers if self.speakers else row["split"] == self.split
        return wanted and (not self.sources or row["source"] in self.sources)


def extract(table: Path, folder: Path, selection: Selection) -> Path:
    """Write the selected recordings as 16 kHz FLAC into ``folder``; returns its ``manifest.tsv``.

    ``table`` has the columns ``id file split speaker source transcript``; ``file`` is a path or
    ``SHARD.tar/MEMBER``, relative to the table. Up to ``selection.most`` clips are taken evenly
    over the speakers. Raises :class:`SecoustiError` when nothing matches or a recording is missing.
    """
    rows = [row for _, row in read_table(table, TABLE_COLUMNS) if selection.takes(row)]
    if not rows:
        raise SecoustiError(f"{table} has no recording for {selection}: see its columns")
    folder.mkdir(parents=True, exist_ok=True)
    clips = []
    for row in islice(_speaker_by_speaker(rows), selection.most):
        file = folder / f"{row['id']}.flac"
        soundfile.write(file, read_member(table.parent, row["file"]), SAMPLE_RATE_HZ)
        clips.append(Clip(row["id"], file, row["transcript"], row["speaker"]))
    manifest = folder / "manifest.tsv"
    write_manifest(manifest, clips)
    return manifest


def _speaker_by_speaker(rows: Sequence[dict[str, str]]) -> Iterator[dict[str, str]]:
    """One recording of each speaker, then a second of each, and so on."""
    queues: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        queues.setdefault(row["speaker"], []).append(row)
    rounds = chain.from_iterable(zip_longest(*queues.values()))
    return (row for row in rounds if row is not None)


def read_member(root: Path, name: str) -> Wave:
    """One recording under ``root``, a file or ``SHARD.tar/MEMBER``, as mono float32 ``[T]`` at
    16 kHz."""
    shard, in_shard, member = name.partition(SHARD_SUFFIX)
    try:
        data = _member(root / f"{shard}.tar", member) if in_shard else (root / name).read_bytes()
        wave, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (OSError, KeyError, tarfile.TarError, soundfile.LibsndfileError) as error:
        raise SecoustiError(f"cannot read {name} under {root}: {error}") from None
    resampled: Wave = soxr.resample(wave.mean(axis=1), rate_hz, SAMPLE_RATE_HZ)
    return np.clip(resampled, -1, 1)


def _member(shard: Path, name: str) -> bytes:
    with tarfile.open(shard) as archive:
        stored = archive.extractfile(name)
        return stored.read() if stored else b""
