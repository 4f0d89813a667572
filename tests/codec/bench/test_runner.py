"""Runs: values, counts of failures and intervals, from a manifest to JSON, table and plot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from codec.audio import read_audio
from codec.bench import session
from codec.bench.manifest import Clip
from codec.bench.metrics.scorer import METRICS, load_scorer
from codec.bench.peers.base import Coded
from codec.bench.peers.secousti import Secousti
from codec.bench.report import read_report
from codec.bench.runner import Original, run_system
from codec.bench.session import CodecBench, run_codec_bench
from codec.errors import SecoustiError

CONTRACT = {"bps", *METRICS, "n", "failed"}


def refuses(wave: np.ndarray) -> bool:
    """Whether this is the lower of the two voices, by its zero crossings."""
    return int(np.count_nonzero(np.diff(np.signbit(wave)))) < 450


@dataclass(frozen=True)
class Halting(Original):
    """A codec that refuses low voices and answers the others with silence."""

    name: str = "halting"

    def code(self, wave: np.ndarray) -> Coded:
        if refuses(wave):
            raise SecoustiError("this clip is refused")
        return Coded(0 * wave, 100)


def test_the_original_has_the_ceilings(clips: list[Clip]) -> None:
    pytest.importorskip("pesq")
    scorer = load_scorer(["pesq_wb", "wer"], recognise=lambda wave: "one two")
    result = run_system(Original(), clips, scorer)
    assert result.values["pesq_wb"] == pytest.approx(4.64, abs=0.01)
    assert result.values["wer"] == pytest.approx(1 / 3)
    assert (result.bps, result.n, result.failed) == (256_000, 2, 0)


def test_failures_are_counted_by_cause_and_left_out_of_means(clips: list[Clip]) -> None:
    pytest.importorskip("pystoi")
    refused = sum(refuses(read_audio(clip.file).numpy()) for clip in clips)
    result = run_system(Halting(), clips, load_scorer(["stoi"]))
    assert 0 < refused < len(clips)
    assert result.unscored == {"code": refused, "stoi": len(clips) - refused}
    assert (result.n, result.failed, result.values) == (0, 2, {})
    assert result.bps == pytest.approx(100 / 1.5)


def test_one_tick_a_clip(clips: list[Clip]) -> None:
    ticks: list[int] = []
    run_system(Original(), clips, load_scorer([]), lambda: ticks.append(1))
    assert len(ticks) == len(clips)


def test_a_whole_run_leaves_json_and_plot(
    manifest: Path, untrained: Secousti, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("pesq")
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(session, "secousti_systems", lambda rates, weights: [untrained])
    bench = CodecBench(
        manifest,
        rates=["high"],
        peers=["lyra"],
        metrics=["pesq_wb", "stoi", "wer"],
        json=tmp_path / "out" / "R.json",
        plot=tmp_path / "out" / "R.png",
    )
    run_codec_bench(bench, recognise=lambda wave: "one two three")
    report = read_report(tmp_path / "out" / "R.json")
    assert list(report["systems"]) == ["original", "secousti-high"]
    ours = report["systems"]["secousti-high"]
    assert set(ours) > CONTRACT
    assert ours["n"] == 2 and ours["delay_samples"] == 640 and ours["dnsmos"] is None
    low, high = ours["ci95"]["pesq_wb"]
    assert low <= ours["pesq_wb"] <= high
    assert "lyra skipped" in report["skipped"][0]
    assert (report["clips"]["count"], report["clips"]["seconds"]) == (2, 3.0)
    assert (tmp_path / "out" / "R.png").read_bytes().startswith(b"\x89PNG")


def test_an_earlier_report_lends_its_systems_if_the_clips_are_the_same(
    manifest: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pycodec2")
    earlier, later = tmp_path / "earlier.json", tmp_path / "later.json"
    run_codec_bench(CodecBench(manifest, [], ["codec2-700"], ["stoi"], json=earlier))
    run_codec_bench(CodecBench(manifest, [], ["codec2-1300"], ["stoi"], reuse=earlier, json=later))
    assert list(read_report(later)["systems"]) == ["original", "codec2-700", "codec2-1300"]
    with pytest.raises(SecoustiError, match="measured on other clips"):
        run_codec_bench(CodecBench(manifest, [], [], ["stoi"], most=1, reuse=earlier))


def test_only_the_first_clips_when_asked(manifest: Path) -> None:
    bench = CodecBench(manifest, rates=[], peers=[], metrics=["stoi"], most=1)
    assert run_codec_bench(bench)["systems"]["original"]["n"] == 1


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    for text in ("{", "[]", json.dumps({"systems": []})):
        (tmp_path / "R.json").write_text(text)
        with pytest.raises(SecoustiError, match="expected a report"):
            read_report(tmp_path / "R.json")
    with pytest.raises(SecoustiError, match="cannot read"):
        read_report(tmp_path / "none.json")


def test_a_json_path_that_cannot_be_written_is_told(manifest: Path, tmp_path: Path) -> None:
    bench = CodecBench(manifest, rates=[], peers=[], metrics=["stoi"], json=tmp_path)
    with pytest.raises(SecoustiError, match="cannot write"):
        run_codec_bench(bench)
