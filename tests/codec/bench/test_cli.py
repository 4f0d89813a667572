"""The words of the command, and where they lead."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from codec.bench.cli import add_bench_parsers, run
from codec.errors import SecoustiError


def parsed(*words: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_bench_parsers(parser.add_subparsers(required=True))
    return parser.parse_args([str(word) for word in words])


def test_codec_runs_and_replots(manifest: Path, tmp_path: Path) -> None:
    pytest.importorskip("pesq")
    pytest.importorskip("pycodec2")
    pytest.importorskip("matplotlib")
    report, plot = tmp_path / "R.json", tmp_path / "R.png"
    words = ["--rates", "none", "--peers", "codec2-700", "--metrics", "pesq_wb", "--json", report]
    assert run(parsed("codec", "--manifest", manifest, *words)) == 0
    assert run(parsed("plot", report, plot)) == 0
    assert plot.is_file()


def test_the_ear_is_handed_on(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--rates", "none", "--peers", "none", "--metrics", "wer"]
    run(parsed("codec", "--manifest", manifest, *words), recognise=lambda wave: "one two three")
    assert "0.0" in capsys.readouterr().out


def test_faults_are_told(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="cannot read"):
        run(parsed("codec", "--manifest", tmp_path / "none.tsv"))
    with pytest.raises(SecoustiError, match="cannot read"):
        run(parsed("manifest", "--table", tmp_path / "none.tsv", "--out", tmp_path))


@pytest.mark.parametrize("count", ["0", "-3", "many"])
def test_counts_are_checked_when_parsed(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("codec", "--manifest", "M.tsv", "--max", count)
    assert "whole number above 0" in capsys.readouterr().err or count == "-3"
