"""The list of clips a benchmark runs on: a TSV with the header ``id file transcript speaker``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codec.errors import SecoustiError

COLUMNS = ("id", "file", "transcript", "speaker")
REQUIRED = ("id", "file")  # the others may be empty in a line


@dataclass(frozen=True)
class Clip:
    """One recording; where ``transcript`` is empty, no word error is measured on it."""

    id: str
    file: Path
    transcript: str
    speaker: str


def read_manifest(path: Path) -> list[Clip]:
    """The clips of manifest ``path``; files are relative to the manifest's folder.

    Raises :class:`SecoustiError` naming line and column for anything malformed, a repeated id, or
    an audio file that is not there.
    """
    clips = [_clip(path, line, row) for line, row in read_table(path, COLUMNS)]
    if not clips:
        raise SecoustiError(f"{path} has a header but no clips: add one line for each recording")
    repeated = [name for name, count in Counter(clip.id for clip in clips).items() if count > 1]
    if repeated:
        raise SecoustiError(f"{path}: the id {repeated[0]!r} occurs twice, ids must be unique")
    return clips


def write_manifest(path: Path, clips: Iterable[Clip]) -> None:
    """Write ``clips`` to ``path``, their files relative to its folder."""
    rows = [
        (clip.id, clip.file.relative_to(path.parent).as_posix(), clip.transcript, clip.speaker)
        for clip in clips
    ]
    path.write_text("".join("\t".join(row) + "\n" for row in [COLUMNS, *rows]), encoding="utf-8")


def read_table(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Line number and fields of every line of a tab-separated file that has these ``columns``.

    Further columns are let through. Raises :class:`SecoustiError` for a file that cannot be read
    as text, a header without one of ``columns``, or a line of another length than the header.
    """
    lines = _lines(path)
    header = lines[0].split("\t")
    missing = [name for name in columns if name not in header]
    if missing:
        raise SecoustiError(
            f"{path}, line 1: no column {missing[0]!r}; expected a tab-separated header with "
            f"{' '.join(columns)}, found {lines[0][:80]!r}"
        )
    table = []
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split("\t")
        if line and len(fields) != len(header):
            raise SecoustiError(
                f"{path}, line {number}: {len(fields)} tab-separated columns where the header has "
                f"{len(header)} ({' '.join(header)})"
            )
        if line:
            table.append((number, dict(zip(header, fields, strict=True))))
    return table


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SecoustiError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecoustiError(f"{path} is not text: expected tab-separated UTF-8") from None
    if not text.strip():
        raise SecoustiError(f"{path} is empty: expected a tab-separated header and one line a clip")
    return text.splitlines()


def _clip(path: Path, line: int, row: dict[str, str]) -> Clip:
    for column in REQUIRED:
        if not row[column].strip():
            raise SecoustiError(f"{path}, line {line}: column {column!r} is empty")
    file = path.parent / row["file"]
    if not file.is_file():
        raise SecoustiError(f"{path}, line {line}, column 'file': {row['file']!r} does not exist")
    return Clip(row["id"], file, row["transcript"].strip(), row["speaker"].strip())
