"""The robustness benchmark: its channels, its sounds, and one small run of everything."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from codec.bench import robustness
from codec.bench.manifest import Clip, write_manifest
from codec.bench.metrics.intrusive import Wave
from codec.bench.peers.secousti import Secousti
from codec.bench.robustness import RobustnessBench, run_robustness
from codec.bench.robustness_channel import (
    BURST_PACKETS,
    Case,
    burst_loss,
    channel_cases,
    flip_bits,
    random_loss,
    received,
)
from codec.bench.robustness_plot import draw_all
from codec.bench.robustness_sound import (
    degraded,
    level_db,
    load_noises,
    louder,
    music_like,
    pink_noise,
    sound_cases,
    telephone,
    two_talkers,
    with_noise,
)
from codec.bench.robustness_stream import drift, long_stream, spectral_distance_db
from codec.errors import SecoustiError
from tests.codec.entropy.conftest import random_prior


def tone(hertz: float, seconds: float = 1.0) -> Wave:
    at = np.arange(int(16_000 * seconds)) / 16_000
    return (0.2 * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


@pytest.mark.parametrize("lose", [random_loss, burst_loss])
@pytest.mark.parametrize("share", [0.05, 0.3])
def test_losses_have_the_share_asked_for(lose: object, share: float) -> None:
    lost = lose(share, 20_000, np.random.default_rng(0))  # type: ignore[operator]
    assert lost.mean() == pytest.approx(share, rel=0.15)


def test_bursts_have_their_mean_length() -> None:
    lost = burst_loss(0.2, 20_000, np.random.default_rng(0))
    bursts = np.count_nonzero(np.diff(lost.astype(int)) == 1)
    assert lost.sum() / bursts == pytest.approx(BURST_PACKETS, rel=0.1)


def test_bits_flip_in_their_share_and_lengths_stay() -> None:
    before = bytes(1000)
    after = flip_bits(before, 0.01, np.random.default_rng(0))
    assert len(after) == 1000
    assert np.unpackbits(np.frombuffer(after, np.uint8)).mean() == pytest.approx(0.01, rel=0.3)
    assert flip_bits(before, 0.0, np.random.default_rng(0)) == before


def test_every_concealment_meets_the_same_losses() -> None:
    packets = [bytes([k]) for k in range(100)]
    seen = {how: received(Case("loss", 20.0, how), "clip", packets) for how in ("prior", "repeat")}
    assert seen["prior"] == seen["repeat"]
    assert seen["prior"] != received(Case("loss", 20.0, "prior"), "another clip", packets)
    more = received(Case("loss", 30.0, "prior"), "clip", packets)
    assert all(late is None for late, soon in zip(more, seen["prior"], strict=True) if soon is None)
    assert seen["prior"][0] == packets[0]
    assert received(Case("clean", 0.0), "clip", packets) == packets


def test_noise_is_as_loud_as_asked() -> None:
    speech, noise = tone(300), tone(1000, 0.3)
    noisy = with_noise(speech, noise, 10.0, np.random.default_rng(0))
    assert level_db(speech) - level_db(noisy - speech) == pytest.approx(10.0, abs=0.1)


def test_the_telephone_passes_its_band_only() -> None:
    assert level_db(telephone(tone(1000))) == pytest.approx(level_db(tone(1000)), abs=1)
    for hertz in (60, 6000):
        assert level_db(telephone(tone(hertz))) < level_db(tone(hertz)) - 20
    assert telephone(tone(500, 0.7)).shape == tone(500, 0.7).shape


def test_gain_clips_and_talkers_are_equally_loud() -> None:
    assert np.abs(louder(tone(200), 20.0)).max() == 1.0
    mixture = two_talkers(tone(300), 0.01 * tone(900, 0.4))
    spectrum = np.abs(np.fft.rfft(mixture))
    assert spectrum[300] == pytest.approx(spectrum[900], rel=0.1)


def test_every_sound_stays_a_sound(speech: Wave) -> None:
    for case in sound_cases():
        sound = degraded(case, "c", speech, tone(200), load_noises(None))
        assert sound.shape == speech.shape and sound.dtype == np.float32
        assert np.isfinite(sound).all() and np.abs(sound).max() <= 1


def test_noise_may_come_from_a_table(tmp_path: Path) -> None:
    import tarfile

    soundfile.write(tmp_path / "hiss.wav", tone(900), 16_000)
    with tarfile.open(tmp_path / "n.tar", "w") as shard:
        shard.add(tmp_path / "hiss.wav", "hiss.wav")
    table = tmp_path / "noise.tsv"
    table.write_text("id\tfile\tsplit\nh\tn.tar/hiss.wav\teval\nx\tn.tar/none.wav\ttrain\n")
    assert [wave.shape for wave in load_noises(table)] == [(16_000,)]
    table.write_text("id\tfile\tsplit\nh\tn.tar/hiss.wav\ttrain\n")
    with pytest.raises(SecoustiError, match="no clip of split 'eval'"):
        load_noises(table)
    with pytest.raises(SecoustiError, match="cannot read"):
        load_noises(tmp_path / "absent.tsv")


def test_the_spectral_distance_of_half_the_sound_is_6_db() -> None:
    music, hiss = music_like(2), pink_noise(2, 0)
    assert level_db(music) == pytest.approx(-20, abs=0.1)
    assert spectral_distance_db(music, music) == 0
    assert spectral_distance_db(hiss, hiss / 2) == pytest.approx(6, abs=0.1)


def test_the_long_stream_has_a_row_for_every_minute(
    untrained: Secousti, speech: Wave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codec.bench.robustness_stream.MINUTE_SAMPLES", 8_000)
    ticks: list[int] = []
    rows = long_stream(untrained.codec, [speech], 3, lambda: ticks.append(1))
    assert len(rows) == len(ticks) == 3
    assert all(row["not_finite"] == 0 for row in rows)
    assert set(drift(rows)) == {"level_db", "stoi", "not_finite"}
    assert drift(rows[:2]) == {}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, speech: Wave, untrained: Secousti) -> Path:
    """A whole run over two short clips with an untrained codec, few cases and no long stream."""
    pytest.importorskip("pystoi")
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("robustness")
    clips = []
    for place, name in enumerate(("a", "b")):
        file = folder / f"{name}.flac"
        soundfile.write(file, speech[12_000 * place : 12_000 * (place + 1)], 16_000)
        clips.append(Clip(name, file, "one two", name))
    write_manifest(folder / "m.tsv", clips)
    few = [case for case in channel_cases() if case.level in (0.0, 10.0, 1e-3)]
    bench = RobustnessBench(
        manifest=folder / "m.tsv",
        rates=("high",),
        metrics=("stoi", "wer"),
        minutes=0,
        json=folder / "R.json",
        plots=folder / "plots",
        recognise=lambda wave: "one three",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(robustness, "channel_cases", lambda: few)
        patch.setattr(robustness, "load_rate", lambda rate, weights: untrained.codec)
        patch.setattr(robustness, "prior_of", lambda name: random_prior(untrained.codec.rate))
        run_robustness(bench)
    return folder / "R.json"


def test_a_run_reports_every_case_and_draws_it(report: Path) -> None:
    found = json.loads(report.read_text())
    systems = {(case["system"], case["family"]) for case in found["cases"]}
    assert ("uncoded", "noise") in systems
    for family in ("clean", "loss", "bursts", "bits", "noise", "gain", "telephone", "two talkers"):
        assert ("high", family) in systems
    for case in found["cases"]:
        assert case["n"] == 2
        assert case["wer"] == (None if case["family"] == "two talkers" else 0.5)
    assert set(found["streams"]["high"]["signals"]) == {
        "digital silence", "quiet room (-60 dB)", "music",
    }  # fmt: skip
    plots = sorted(path.name for path in (report.parent / "plots").iterdir())
    assert plots == ["bit-errors.png", "inputs.png", "losses.png", "noise.png"]


def test_plots_of_nothing_are_refused(report: Path, tmp_path: Path) -> None:
    found = json.loads(report.read_text())
    empty = [case | {"stoi": None, "wer": None} for case in found["cases"]]
    with pytest.raises(SecoustiError, match="no value to plot"):
        draw_all(found | {"cases": empty}, tmp_path)
    blocked = tmp_path / "a file"
    blocked.write_text("")
    with pytest.raises(SecoustiError, match="cannot write the plot"):
        draw_all(found, blocked)
