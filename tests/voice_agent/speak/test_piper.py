"""The voice cut in two says what the whole voice says, and refuses what is no voice."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from codec.errors import SecoustiError
from voice_agent import assets
from voice_agent.speak.piper import RUN_FRAMES, PiperVoice

HELLO = "həlˈoʊ, aɪm hˈɪɹ tə lˈɪsən tə juː."


@pytest.fixture(scope="module")
def voice() -> PiperVoice:
    return PiperVoice.load(*assets.locate(assets.PIPER_VOICE), threads=1)


def test_runs_of_frames_give_the_sound_of_the_whole(voice: PiperVoice) -> None:
    frames = voice._frames(HELLO, 1.0)
    total = frames.shape[2]
    whole = voice._run(frames, 0, total)
    cuts = [0, 1, 24, 25, 60, total]
    parts = [voice._run(frames, start, stop) for start, stop in pairwise(cuts)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


def test_the_first_run_is_short_and_none_is_lost(
    voice: PiperVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = voice._frames(HELLO, 1.0)
    monkeypatch.setattr(voice, "_frames", lambda *_: frames)
    runs = list(voice.speak(HELLO, 1.0))
    hop = len(runs[0]) // RUN_FRAMES[0]
    assert len(runs[0]) / voice.sample_rate_hz < 0.3
    assert sum(map(len, runs)) == frames.shape[2] * hop


def test_pace_stretches_the_speech(voice: PiperVoice) -> None:
    fast, slow = (voice._frames(HELLO, pace).shape[2] for pace in (0.8, 1.4))
    assert slow > 1.3 * fast


def test_a_symbol_the_voice_lacks_is_left_out(voice: PiperVoice) -> None:
    assert voice._phoneme_ids("h我i") == voice._phoneme_ids("hi")


@pytest.mark.parametrize("weights", [b"", b"this is text", bytes(range(256)) * 9])
def test_a_file_that_is_no_voice_is_refused(tmp_path: Path, weights: bytes) -> None:
    model, config = tmp_path / "v.onnx", tmp_path / "v.onnx.json"
    model.write_bytes(weights)
    config.write_text(json.dumps({"phoneme_id_map": {}, "audio": {"sample_rate": 22050}}))
    with pytest.raises(SecoustiError, match="is not a Piper voice"):
        PiperVoice.load(model, config, threads=1)


@pytest.mark.parametrize("config", ["", "{}", "[1]", '{"phoneme_id_map": {}}'])
def test_a_voice_with_a_broken_config_is_refused(tmp_path: Path, config: str) -> None:
    model, _ = assets.locate(assets.PIPER_VOICE)
    path = tmp_path / "v.onnx.json"
    path.write_text(config)
    with pytest.raises(SecoustiError, match="is not a Piper voice"):
        PiperVoice.load(model, path, threads=1)
