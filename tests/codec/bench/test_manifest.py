"""Manifests: what is written is read back, and every fault names its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from codec.bench.manifest import Clip, read_manifest
from codec.errors import SecoustiError

HEADER = "id\tfile\ttranscript\tspeaker\n"


def test_written_manifest_reads_back(manifest: Path, clips: list[Clip]) -> None:
    assert read_manifest(manifest) == clips


def test_columns_may_stand_in_any_order_beside_others(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    path = tmp_path / "m.tsv"
    path.write_text("speaker\tnote\tfile\tid\ttranscript\nann\tx\ta.wav\t1\thello there\n")
    assert read_manifest(path) == [Clip("1", tmp_path / "a.wav", "hello there", "ann")]


def test_a_file_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    path = tmp_path / "m.tsv"
    path.write_bytes(
        b"\xef\xbb\xbf" + (HEADER + "1\ta.wav\thi\tann\n").encode().replace(b"\n", b"\r\n")
    )
    assert read_manifest(path)[0].speaker == "ann"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "is empty"),
        (HEADER, "no clips"),
        ("id\tfile\ttranscript\n", "line 1: no column 'speaker'"),
        (HEADER + "1\ta.wav\thi\n", "line 2: 3 tab-separated columns"),
        (HEADER + "\ta.wav\thi\tann\n", "line 2: column 'id' is empty"),
        (HEADER + "1\t\thi\tann\n", "line 2: column 'file' is empty"),
        (HEADER + "1\ta.wav\thi\tann\n2\tb.wav\thi\tann\n", "line 3, column 'file'"),
        (HEADER + "1\ta.wav\thi\tann\n" * 2, "id '1' occurs twice"),
    ],
)
def test_a_fault_names_its_place(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "a.wav").touch()
    path = tmp_path / "m.tsv"
    path.write_text(text)
    with pytest.raises(SecoustiError, match=place):
        read_manifest(path)


def test_a_missing_or_binary_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="cannot read"):
        read_manifest(tmp_path / "none.tsv")
    (tmp_path / "m.tsv").write_bytes(b"RIFF\xff\xfe\x00")
    with pytest.raises(SecoustiError, match="not text"):
        read_manifest(tmp_path / "m.tsv")
