"""Speed: the arithmetic on known times, and a short real run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from codec.bench.peers.secousti import Secousti
from codec.bench.speed import Steps, Timing, cut, one_thread, speech_like, time_peer
from codec.bench.speed_report import ratios, run_speed_bench
from codec.errors import SecoustiError

FAST = Steps(step_ms=40, encode=[0.001, 0.001, 0.009], decode=[0.003, 0.003, 0.003])
SLOW = Steps(step_ms=80, encode=[0.020], decode=[0.060])


def test_real_time_factor_and_percentiles() -> None:
    assert FAST.real_time_factor("encode") == pytest.approx(0.025)
    assert FAST.real_time_factor("both") == pytest.approx(0.1)
    assert FAST.percentile_ms("both", 50) == pytest.approx(4.0)
    assert FAST.percentile_ms("encode", 100) == pytest.approx(9.0)


def test_ratio_says_how_many_times_slower_the_peer_is() -> None:
    ours = Timing("secousti-high", 1, "", FAST, FAST)
    peer = Timing("encodec", 1, "", SLOW, FAST)
    assert ratios([ours, peer]) == {
        "encodec / secousti-high": {
            "whole": {"encode": 10.0, "decode": 10.0, "both": 10.0},
            "steps": {"encode": 1.0, "decode": 1.0, "both": 1.0},
        }
    }


def test_one_thread_inside_and_the_old_number_after() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_pieces_are_whole() -> None:
    assert [piece.shape for piece in cut(torch.zeros(1, 10), 4)] == [(1, 4), (1, 4)]


def test_the_signal_is_always_the_same() -> None:
    assert torch.equal(speech_like(1, 16_000), speech_like(1, 16_000))


def test_a_real_run_in_miniature(untrained: Secousti, tmp_path: Path) -> None:
    path = tmp_path / "S.json"
    run_speed_bench([untrained.codec], ["encodec"], 1, path, "secousti bench speed")
    report = json.loads(path.read_text())
    ours = report["systems"]["secousti-high (torch)"]
    assert ours["steps"] == 25 and ours["step_audio_ms"] == 40.0
    assert 0 < ours["step_ms"]["encode"]["median"] <= ours["step_ms"]["encode"]["p99"]
    assert ours["rtf_whole"]["both"] > 0
    assert set(ours["streams_per_core"]) == {"1", "8", "32"}
    if "encodec" in report["systems"]:
        assert report["ratios"]["encodec / secousti-high (torch)"]["whole"]["both"] > 0


def test_unknown_peer() -> None:
    with pytest.raises(SecoustiError, match="unknown peer 'mp3'"):
        time_peer("mp3", 1)
