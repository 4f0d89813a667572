"""Taking the codec apart leaves the rest true, and errors of known size are found again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from codec.bench.limits import LimitsBench, inverse, log_mel_rms, rows, run_limits, stft
from codec.codec import load_codec
from tests.conftest import make_hum


def test_the_spectra_are_inverted() -> None:
    wave = make_hum(0.7)
    assert np.allclose(inverse(stft(wave), len(wave)), wave, atol=1e-5)


def test_an_error_of_known_size_is_measured() -> None:
    size = np.abs(stft(make_hum(0.7))) + 1
    assert log_mel_rms(size, size) == 0
    assert log_mel_rms(size, np.exp(0.5) * size) == pytest.approx(0.5, abs=0.01)


def test_every_row_has_the_length_of_the_clip() -> None:
    wave = make_hum(0.7)
    found = rows(wave, {"low": load_codec("low")})
    assert {len(decoded) for decoded, _ in found.values()} == {len(wave)}
    assert "one spectrum each 40 ms, true phase" in found
    assert found["low: decoded"][1]["log_mel_rms"] > 0


def test_a_run_ranks_small_errors_above_large_ones(tmp_path: Path) -> None:
    pytest.importorskip("pesq", reason="the bench extra is not installed")
    sf.write(tmp_path / "a.wav", make_hum(1.5), 16000)
    manifest = tmp_path / "m.tsv"
    manifest.write_text("id\tfile\ttranscript\tspeaker\na\ta.wav\t\ts\n")
    run_limits(LimitsBench(manifest, ("low",), json=tmp_path / "limits.json"))
    table = json.loads((tmp_path / "limits.json").read_text())["rows"]
    scores = [table[f"log-mel error of {nats} nat, true phase"]["stoi"] for nats in (0.2, 0.8)]
    assert scores[0] > scores[1]
    assert table["80 mel bands, true phase"]["stoi"] > scores[0]
