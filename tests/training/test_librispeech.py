"""LibriSpeech manifests: by folders, and the same by torchaudio where that loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from codec.errors import SecoustiError
from training.corpus import load_corpus
from training.librispeech import (
    load_torchaudio,
    rows_by_folders,
    rows_by_torchaudio,
    write_manifest,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two utterances of one reader in LibriSpeech's layout."""
    folder = tmp_path / "LibriSpeech" / "dev-clean" / "84" / "121123"
    folder.mkdir(parents=True)
    lines = ["84-121123-0000 GO DO YOU HEAR", "84-121123-0001 BUT IN LESS THAN FIVE MINUTES"]
    for line in lines:
        sf.write(folder / f"{line.split()[0]}.flac", np.zeros(16000), 16000)
    (folder / "84-121123.trans.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_manifest_of_it_is_a_corpus(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    assert write_manifest(root, "dev-clean", "train", path) == 2
    corpus = load_corpus(path, "train", tmp_path / "cache")
    assert [(u.length, u.speaker) for u in corpus.utterances] == [(16000, "84")] * 2


def test_both_ways_give_the_same_rows(root: Path) -> None:
    torchaudio = load_torchaudio()
    if torchaudio is None:
        pytest.skip("torchaudio does not load beside this torch")
    ours = list(rows_by_folders(root, "dev-clean", "valid"))
    theirs = sorted(
        rows_by_torchaudio(torchaudio, root, "dev-clean", "valid"), key=lambda row: row["id"]
    )
    assert ours == theirs
    assert ours[0]["transcript"] == "GO DO YOU HEAR"


def test_a_subset_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="no test-clean under"):
        write_manifest(tmp_path, "test-clean", "valid", tmp_path / "m.tsv")
