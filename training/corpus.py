"""A speech corpus in memory: every utterance as int16 at 16 kHz, ready for random crops.

The manifest is a tab-separated table with at least the columns ``file split speaker source`` (and
``id`` ``transcript`` where there are any). ``file`` is a path relative to the manifest, or
``SHARD.tar/MEMBER`` for a member of a tar shard. Whatever ``soundfile`` reads may stand there. A
file that cannot be read is an utterance of no length: listed, counted, and never drawn.
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray
from rich.progress import track

from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ

Row = dict[str, str]


@dataclass(frozen=True)
class Utterance:
    start: int  # first sample in the corpus array
    length: int  # samples
    speaker: str
    source: str


@dataclass(frozen=True)
class Corpus:
    audio: NDArray[np.int16]  # every utterance, end to end
    utterances: list[Utterance]

    @property
    def hours(self) -> float:
        return sum(u.length for u in self.utterances) / SAMPLE_RATE_HZ / 3600

    def of_sources(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        """Sampling probability of each utterance: length times its source's weight (default 1)."""
        mass: NDArray[np.float64] = np.array(
            [u.length * weights.get(u.source, 1.0) for u in self.utterances]
        )
        shares: NDArray[np.float64] = mass / mass.sum()
        return shares


def read_manifest(path: Path) -> list[Row]:
    """Rows of the manifest; raises :class:`SecoustiError` when a needed column is missing."""
    if not path.is_file():
        raise SecoustiError(f"no manifest at {path}: give a TSV of file, split, speaker, source")
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    missing = {"file", "split", "speaker", "source"} - set(rows[0] if rows else ())
    if missing:
        raise SecoustiError(f"{path} lacks the column(s) {', '.join(sorted(missing))}")
    return rows


def _by_shard(rows: list[Row]) -> dict[str, list[Row]]:
    shards: dict[str, list[Row]] = {}
    for row in rows:
        shard, _, member = row["file"].partition(".tar/")
        shards.setdefault(shard + ".tar" if member else "", []).append(row)
    return shards


def in_reading_order(rows: list[Row]) -> list[Row]:
    """The rows as :func:`waveforms` gives them, and as a corpus holds them."""
    return [row for members in _by_shard(rows).values() for row in members]


def waveforms(rows: list[Row], root: Path) -> Iterator[tuple[Row, NDArray[np.float32] | str]]:
    """Each row with its mono waveform float32 ``[T]`` at 16 kHz, or why it has none.

    A shard is read once, in order.
    """
    for shard, members in _by_shard(rows).items():
        if not shard:
            yield from ((row, _to_16k(root / row["file"])) for row in members)
            continue
        try:
            with tarfile.open(root / shard) as tar:
                yield from ((row, _member(tar, row)) for row in members)
        except (OSError, tarfile.TarError) as error:
            yield from ((row, f"its shard cannot be read: {error}") for row in members)


def _member(tar: tarfile.TarFile, row: Row) -> NDArray[np.float32] | str:
    try:
        handle = tar.extractfile(row["file"].partition(".tar/")[2])
    except KeyError:
        handle = None
    if handle is None:
        return "not a file in its shard"
    return _to_16k(io.BytesIO(handle.read()))


def load_corpus(manifest: Path, split: str, cache: Path) -> Corpus:
    """The split of ``manifest``, decoded once into ``cache`` (an int16 array and an index)."""
    array_path, index_path = cache / f"{split}.npy", cache / f"{split}.json"
    if not index_path.is_file():
        rows = [row for row in read_manifest(manifest) if row["split"] == split]
        if not rows:
            raise SecoustiError(f"{manifest} has no rows of split {split!r}")
        _decode_into(rows, manifest.parent, array_path, index_path)
    utterances = [Utterance(*entry) for entry in json.loads(index_path.read_text())]
    return Corpus(np.load(array_path, mmap_mode="r"), utterances)


def _decode_into(rows: list[Row], root: Path, array_path: Path, index_path: Path) -> None:
    array_path.parent.mkdir(parents=True, exist_ok=True)
    pieces, index, start, skipped = [], [], 0, []
    for row, wav in track(waveforms(rows, root), "decoding the corpus", total=len(rows)):
        if isinstance(wav, str):
            skipped.append(f"{row['file']}\t{wav}")
            wav = np.zeros(0, np.float32)
        pieces.append(np.clip(wav * 32767, -32768, 32767).astype(np.int16))
        index.append((start, len(wav), row["speaker"], row["source"]))
        start += len(wav)
    _tell(skipped, len(rows), array_path.with_suffix(".skipped.tsv"))
    np.save(array_path, np.concatenate(pieces))
    index_path.write_text(json.dumps(index))


def _tell(skipped: list[str], of: int, path: Path) -> None:
    """Lists what could not be read; raises :class:`SecoustiError` where nothing could."""
    if not skipped:
        return
    path.write_text("\n".join(["file\treason", *skipped]) + "\n")
    if len(skipped) == of:
        first = skipped[0].replace("\t", ": ")
        raise SecoustiError(f"none of {of} files can be read, the first one {first}; see {path}")
    print(f"{len(skipped)} of {of} files cannot be read and are left out: see {path}")


def _to_16k(source: Path | io.BytesIO) -> NDArray[np.float32] | str:
    """The sound of a file, or why it has none."""
    try:
        wav, rate = sf.read(source, dtype="float32", always_2d=True)
    except (OSError, sf.LibsndfileError) as error:
        return str(error).replace("\n", " ")
    mono = wav.mean(axis=1)
    if not len(mono) or not np.isfinite(mono).all():
        return "empty, or samples that are no numbers"
    if rate != SAMPLE_RATE_HZ:
        mono = soxr.resample(mono, rate, SAMPLE_RATE_HZ)
    return np.asarray(mono, dtype=np.float32)
