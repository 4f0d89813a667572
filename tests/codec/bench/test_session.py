"""Whole runs: from a manifest to JSON, table and plot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import save_file

from codec.bench.lineup import Lineup
from codec.bench.metrics.scorer import METRICS
from codec.bench.peers.secousti import Secousti
from codec.bench.report import read_report
from codec.bench.session import CodecBench, run_codec_bench
from codec.errors import SecoustiError

CONTRACT = {"bps", *METRICS, "n", "failed"}


def hears_three(wave: np.ndarray) -> str:
    """A recogniser that is always right about the test clips; at the top, for worker processes."""
    return "one two three"


def run(manifest: Path, lineup: Lineup, **options: Any) -> dict[str, Any]:
    return run_codec_bench(CodecBench(manifest, lineup, **options))


@pytest.fixture
def weights(untrained: Secousti, tmp_path: Path) -> Path:
    """A folder with seeded weights for the high rate."""
    folder = tmp_path / "weights"
    folder.mkdir()
    save_file(untrained.codec.model.state_dict(), folder / "high.safetensors")
    return folder


def test_a_whole_run_leaves_json_and_plot(manifest: Path, weights: Path, tmp_path: Path) -> None:
    pytest.importorskip("pesq")
    pytest.importorskip("matplotlib")
    lineup = Lineup(("high",), ("lyra",), ("pesq_wb", "stoi", "wer"), weights, None, hears_three)
    target = tmp_path / "out" / "R"
    run(manifest, lineup, json=target.with_suffix(".json"), plot=target.with_suffix(".png"))
    report = read_report(target.with_suffix(".json"))
    assert list(report["systems"]) == ["original", "secousti-high"]
    ours = report["systems"]["secousti-high"]
    assert set(ours) > CONTRACT
    assert (ours["n"], ours["delay_samples"], ours["dnsmos"], ours["wer"]) == (2, 640, None, 0.0)
    low, high = ours["ci95"]["pesq_wb"]
    assert low <= ours["pesq_wb"] <= high
    assert "lyra skipped" in report["skipped"][0]
    assert (report["clips"]["count"], report["clips"]["seconds"]) == (2, 3.0)
    assert target.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_two_processes_find_what_one_finds(manifest: Path) -> None:
    pytest.importorskip("pystoi")
    lineup = Lineup((), (), ("stoi", "wer"), recognise=hears_three)
    assert run(manifest, lineup, jobs=2)["systems"] == run(manifest, lineup)["systems"]


def test_an_earlier_report_lends_its_systems_if_the_clips_are_the_same(
    manifest: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pycodec2")
    earlier, later = tmp_path / "earlier.json", tmp_path / "later.json"
    run(manifest, Lineup((), ("codec2-700",), ("stoi",)), json=earlier)
    run(manifest, Lineup((), ("codec2-1300",), ("stoi",)), reuse=earlier, json=later)
    assert list(read_report(later)["systems"]) == ["original", "codec2-700", "codec2-1300"]
    with pytest.raises(SecoustiError, match="measured on other clips"):
        run(manifest, Lineup(), most=1, reuse=earlier)


def test_only_the_first_clips_when_asked(manifest: Path) -> None:
    assert run(manifest, Lineup(metrics=("stoi",)), most=1)["systems"]["original"]["n"] == 1


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    for text in ("{", "[]", json.dumps({"systems": []})):
        (tmp_path / "R.json").write_text(text)
        with pytest.raises(SecoustiError, match="expected a report"):
            read_report(tmp_path / "R.json")
    with pytest.raises(SecoustiError, match="cannot read"):
        read_report(tmp_path / "none.json")


def test_a_json_path_that_cannot_be_written_is_told(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="cannot write"):
        run(manifest, Lineup(metrics=("stoi",)), json=tmp_path)


def test_weights_that_are_not_there_are_told_before_anything_runs(
    manifest: Path, weights: Path
) -> None:
    with pytest.raises(SecoustiError, match="low"):
        run(manifest, Lineup(("low",), weights=weights))
