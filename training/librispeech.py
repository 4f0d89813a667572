"""Manifests of LibriSpeech: through torchaudio's dataset class, or by walking the folders.

torchaudio's wheels are tied to one build of torch and may not load beside the CPU build; then the
folder layout, which is simple and stable, is read directly. Both ways give the same rows.
"""

from __future__ import annotations

import csv
import importlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codec.errors import SecoustiError
from training.corpus import Row

SUBSETS = (
    "train-clean-5", "train-clean-100", "train-clean-360", "train-other-500",
    "dev-clean", "dev-other", "test-clean", "test-other",
)  # fmt: skip
COLUMNS = ("id", "file", "split", "speaker", "source", "transcript")

_log = logging.getLogger(__name__)


def load_torchaudio() -> Any | None:
    """torchaudio, or None with a logged reason where it is absent or does not fit this torch."""
    try:
        return importlib.import_module("torchaudio")
    except (ImportError, OSError) as error:
        _log.info("torchaudio does not load (%s): reading the folders directly", error)
        return None


def rows_by_torchaudio(torchaudio: Any, root: Path, subset: str, split: str) -> Iterator[Row]:
    """Rows of ``root/LibriSpeech/subset`` from ``torchaudio.datasets.LIBRISPEECH``."""
    data = torchaudio.datasets.LIBRISPEECH(str(root), url=subset, download=False)
    for index in range(len(data)):
        file, _rate, transcript, speaker, chapter, utterance = data.get_metadata(index)
        name = f"{speaker}-{chapter}-{utterance:04d}"
        path = Path("LibriSpeech") / file
        yield _row(name, path, split, str(speaker), transcript)


def rows_by_folders(root: Path, subset: str, split: str) -> Iterator[Row]:
    """The same rows from ``SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt`` and the flac beside it."""
    for listing in sorted((root / "LibriSpeech" / subset).glob("*/*/*.trans.txt")):
        for line in listing.read_text().splitlines():
            name, _, transcript = line.partition(" ")
            path = (listing.parent / f"{name}.flac").relative_to(root)
            yield _row(name, path, split, name.partition("-")[0], transcript)


def write_manifest(root: Path, subset: str, split: str, path: Path) -> int:
    """Writes the manifest of one subset that lies under ``root``; returns the number of rows.

    Raises :class:`SecoustiError` when the subset is not there.
    """
    if not (root / "LibriSpeech" / subset).is_dir():
        raise SecoustiError(
            f"no {subset} under {root / 'LibriSpeech'}: unpack the archive there first "
            f"(subsets: {', '.join(SUBSETS)})"
        )
    torchaudio = load_torchaudio()
    if torchaudio is None or subset == "train-clean-5":  # a subset its class does not know
        rows = list(rows_by_folders(root, subset, split))
    else:
        rows = sorted(rows_by_torchaudio(torchaudio, root, subset, split), key=lambda r: r["id"])
    # The files are named from the manifest's own folder, wherever it lies.
    for row in rows:
        row["file"] = str((root / row["file"]).resolve())
    aside = path.with_suffix(".partial")
    with aside.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS, delimiter="\t", quoting=csv.QUOTE_NONE)
        writer.writeheader()
        writer.writerows(rows)
    aside.replace(path)
    return len(rows)


def _row(name: str, path: Path, split: str, speaker: str, transcript: str) -> Row:
    return {
        "id": name,
        "file": str(path),
        "split": split,
        "speaker": speaker,
        "source": "librispeech",
        "transcript": transcript,
    }
