"""Files that are whole or absent, whatever interrupts their making."""

from __future__ import annotations

from pathlib import Path

import pytest

from codec.errors import SecoustiError
from secousti.files import existing, replacing


def test_a_finished_file_takes_its_place(tmp_path: Path) -> None:
    with replacing(tmp_path / "new" / "a.wav") as draft:
        draft.write_bytes(b"whole")
        assert draft.suffix == ".wav"
    assert (tmp_path / "new" / "a.wav").read_bytes() == b"whole"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.wav"]


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_file_leaves_the_old_one(
    tmp_path: Path, interruption: type[BaseException]
) -> None:
    (tmp_path / "a.wav").write_bytes(b"old")
    with pytest.raises(interruption), replacing(tmp_path / "a.wav") as draft:
        draft.write_bytes(b"ha")
        raise interruption
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.wav", b"old")]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("a file where a folder is needed")
    with (
        pytest.raises(SecoustiError, match="cannot write"),
        replacing(tmp_path / "plain" / "a.wav") as draft,
    ):
        draft.write_bytes(b"")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(SecoustiError, match="No space left"),
        replacing(tmp_path / "a.wav"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")
    assert not list(tmp_path.iterdir())


def test_existing_tells_absence_from_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match=r"no file .*a sound file"):
        existing(tmp_path / "absent.wav", "a sound file")
    with pytest.raises(SecoustiError, match="is a folder"):
        existing(tmp_path, "a sound file")
