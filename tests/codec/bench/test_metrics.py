"""Metrics: known values, the right order between good and bad, and refusals that are counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from codec.bench.metrics import intrusive
from codec.bench.metrics.intrusive import UnscoredError
from codec.bench.metrics.predicted import Opinion, dnsmos_parts, load_distillmos, load_dnsmos
from codec.bench.metrics.scorer import load_scorer
from codec.bench.metrics.speaker import load_similarity, louder, mel_filters
from codec.bench.metrics.statistics import bootstrap, mean
from codec.bench.metrics.words import WordErrors, normalise, word_error_rate, word_errors
from codec.errors import SecoustiError

Hum = Callable[..., np.ndarray]


def noisy(wave: np.ndarray, level: float) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(len(wave))
    return (wave + level * noise).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "package", "best"),
    [
        ("pesq_wb", "pesq", 4.64),
        ("pesq_nb", "pesq", 4.55),
        ("stoi", "pystoi", 1.0),
        ("estoi", "pystoi", 1.0),
    ],
)
def test_a_perfect_copy_has_the_ceiling_and_noise_costs(
    name: str, package: str, best: float, hum: Hum
) -> None:
    pytest.importorskip(package)
    metric, wave = getattr(intrusive, name), hum(2.0)
    assert metric(wave, wave) == pytest.approx(best, abs=0.01)
    assert best > metric(wave, noisy(wave, 0.01)) > metric(wave, noisy(wave, 0.1))


@pytest.mark.parametrize("name", ["pesq_wb", "pesq_nb", "stoi", "estoi"])
def test_silence_and_scraps_have_no_value(name: str, hum: Hum) -> None:
    pytest.importorskip("pesq")
    pytest.importorskip("pystoi")
    metric = getattr(intrusive, name)
    for wave in (np.zeros(32_000, np.float32), hum(0.1), hum(0.001)):
        with pytest.raises(UnscoredError):
            metric(wave, wave)


def test_signals_are_cut_to_the_shorter_and_clipped(hum: Hum) -> None:
    reference, decoded = intrusive.matched(hum(1.0), 4 * hum(1.5))
    assert len(reference) == len(decoded) == 16_000
    assert np.abs(decoded).max() == 1.0


@pytest.mark.parametrize("load", [load_dnsmos, load_distillmos])
def test_predicted_opinions_hear_noise(
    load: Callable[[], Opinion | None], speech: np.ndarray
) -> None:
    opinion = load()
    if opinion is None:
        pytest.skip("its package is not installed")
    assert 1 <= opinion(noisy(speech, 0.2)) < opinion(noisy(speech, 0.02)) < opinion(speech) <= 5


def test_dnsmos_windows_repeat_a_short_signal_and_slide_over_a_long_one(hum: Hum) -> None:
    assert {len(part) for part in dnsmos_parts(hum(1.0)) + dnsmos_parts(hum(12.5))} == {144_160}
    assert len(dnsmos_parts(hum(12.5))) == 4
    with pytest.raises(UnscoredError):
        dnsmos_parts(np.zeros(0, np.float32))


def test_a_voice_is_most_like_itself(hum: Hum) -> None:
    similarity = load_similarity()
    if similarity is None:
        pytest.skip("resemblyzer is not installed")
    own, other = hum(2.0, pitch_hz=100), hum(2.0, pitch_hz=230)
    assert similarity(own, own) == pytest.approx(1.0, abs=1e-5)
    assert similarity(own, noisy(own, 0.005)) > similarity(own, other)
    with pytest.raises(UnscoredError):
        similarity(own, 0 * own)


def test_quiet_speech_is_raised_and_loud_speech_left(hum: Hum) -> None:
    assert np.sqrt(np.mean(louder(0.001 * hum(1.0)) ** 2)) == pytest.approx(10**-1.5, rel=1e-3)
    np.testing.assert_array_equal(louder(hum(1.0)), hum(1.0))


def test_mel_filters_cover_every_band_once_normalised() -> None:
    filters = mel_filters(40, 400, 16_000)
    assert filters.shape == (40, 201)
    assert np.all(filters.max(axis=1) > 0)
    peaks = filters.argmax(axis=1)
    assert np.all(np.diff(peaks) > 0)
    # Slaney's norm: each triangle has area 1 in hertz, up to the 40 Hz grid.
    assert filters[20:].sum(axis=1) * 40 == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("said", "heard", "errors", "words"),
    [
        ("HELLO THERE", "Hello, there!", 0, 2),
        ("one two three", "one three", 1, 3),
        ("one two", "one and two", 1, 2),
        ("don't stop", "don’t 'stop'", 0, 2),
        ("well-known", "well known", 0, 2),
        ("one two", "", 2, 2),
    ],
)
def test_word_errors(said: str, heard: str, errors: int, words: int) -> None:
    assert word_errors(said, heard) == WordErrors(errors, words)


def test_word_error_rate_weighs_clips_by_their_words() -> None:
    assert word_error_rate([WordErrors(1, 1), WordErrors(0, 9)]) == pytest.approx(0.1)
    assert normalise("  -- '' ") == []


def test_bootstrap_brackets_the_mean_and_repeats() -> None:
    values = list(np.random.default_rng(1).normal(3.0, 1.0, 400))
    low, high = bootstrap(values, mean)
    assert low < mean(values) < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.15)
    assert bootstrap(values, mean) == (low, high)


def test_an_unknown_metric_is_refused_and_a_missing_ear_is_told() -> None:
    with pytest.raises(SecoustiError, match="unknown metric 'mos'"):
        load_scorer(["mos"])
    assert load_scorer(["wer"]).missing == ["wer skipped: no recogniser is installed"]


def test_scorer_counts_words_only_where_some_were_said(hum: Hum) -> None:
    pytest.importorskip("pystoi")
    scorer = load_scorer(["stoi", "wer"], recognise=lambda wave: "one two")
    scores = scorer.score(hum(1.0), hum(1.0), "one too")
    assert (scores.words, scores.unscored) == (WordErrors(1, 2), [])
    assert scorer.score(hum(1.0), hum(1.0), "").words is None
    assert scorer.score(hum(1.0), 0 * hum(1.0), "").unscored == ["stoi"]
