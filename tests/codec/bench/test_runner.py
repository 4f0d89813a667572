"""One system over some clips: values, and failures counted by cause."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from codec.audio import read_audio
from codec.bench.manifest import Clip
from codec.bench.metrics.scorer import Scorer, load_scorer
from codec.bench.peers.base import Coded, System
from codec.bench.runner import Original, SystemResult, run_clip, summarise
from codec.errors import SecoustiError


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


def run(system: System, clips: list[Clip], scorer: Scorer) -> SystemResult:
    return summarise(system, [run_clip(system, scorer, clip) for clip in clips])


def test_the_original_has_the_ceilings(clips: list[Clip]) -> None:
    pytest.importorskip("pesq")
    scorer = load_scorer(["pesq_wb", "wer"], recognise=lambda wave: "one two")
    result = run(Original(), clips, scorer)
    assert result.values["pesq_wb"] == pytest.approx(4.64, abs=0.01)
    assert result.values["wer"] == pytest.approx(1 / 3)
    assert (result.bps, result.n, result.failed) == (256_000, 2, 0)


def test_failures_are_counted_by_cause_and_left_out_of_means(clips: list[Clip]) -> None:
    pytest.importorskip("pystoi")
    refused = sum(refuses(read_audio(clip.file).numpy()) for clip in clips)
    result = run(Halting(), clips, load_scorer(["stoi"]))
    assert 0 < refused < len(clips)
    assert result.unscored == {"code": refused, "stoi": len(clips) - refused}
    assert (result.n, result.failed, result.values) == (0, 2, {})
    assert result.bps == pytest.approx(100 / 1.5)


def test_a_clip_that_is_no_audio_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no sound")
    with pytest.raises(SecoustiError, match="not audio"):
        run(Original(), [Clip("a", tmp_path / "a.wav", "", "")], load_scorer([]))
