"""The agent's lines as a manifest: enough of them, each with its sound, splits apart."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import soundfile

from codec.errors import SecoustiError
from voice_agent.lines import write_lines


class OneSecond:
    """A voice that takes a second for anything."""

    def speak(self, text):
        yield np.full(8000, 0.1, np.float32)
        yield np.full(8000, 0.2, np.float32)


def test_lines_fill_the_minutes_and_the_splits_share_none(tmp_path):
    assert write_lines(tmp_path / "agent", 1.0, OneSecond()) == 60
    with (tmp_path / "agent" / "lines.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    texts = {
        split: {r["transcript"] for r in rows if r["split"] == split}
        for split in ("train", "valid")
    }
    assert (len(texts["train"]), len(texts["valid"])) == (54, 6)
    assert not texts["train"] & texts["valid"]
    for row in rows:
        assert soundfile.info(tmp_path / "agent" / row["file"]).frames == 16_000
        assert row["transcript"].strip()


def test_the_same_seed_reads_the_same_lines(tmp_path):
    for name in ("one", "two"):
        write_lines(tmp_path / name, 0.2, OneSecond())
    one, two = ((tmp_path / name / "lines.tsv").read_text() for name in ("one", "two"))
    assert one == two


def test_no_minutes_and_no_folder_are_refused(tmp_path):
    with pytest.raises(SecoustiError, match="more than none"):
        write_lines(tmp_path, 0, OneSecond())
    (tmp_path / "file").write_text("")
    with pytest.raises(SecoustiError, match="cannot write"):
        write_lines(tmp_path / "file", 1, OneSecond())
