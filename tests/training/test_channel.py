"""Training hears what callers' rooms and lines do, and asks for the speech itself."""

from __future__ import annotations

import numpy as np
import torch

from codec.bench.robustness_sound import level_db
from tests.conftest import make_hum
from tests.training.test_batches import corpus
from training.batches import BatchConfig, Batches
from training.channel import CLEAR, Channel, ChannelConfig, Channels

ALWAYS = ChannelConfig(telephone=1.0, noise=1.0)
NEVER = ChannelConfig(telephone=0.0, noise=0.0)


def test_a_clear_channel_changes_nothing() -> None:
    speech = make_hum(1.0)
    assert np.array_equal(CLEAR(speech, np.random.default_rng(0)), speech)


def test_noise_comes_at_the_drawn_level() -> None:
    speech = 0.3 * make_hum(1.0)
    noise = np.random.default_rng(1).standard_normal(16000).astype(np.float32)
    heard = Channel(noise, 10.0, False)(speech, np.random.default_rng(0))
    assert abs(level_db(speech) - level_db(heard - speech) - 10.0) < 0.5


def test_a_narrow_channel_takes_the_top_band_away() -> None:
    speech = np.random.default_rng(2).standard_normal(16000).astype(np.float32) / 10
    heard = Channel(None, 0.0, True)(speech, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(heard)) ** 2
    assert power[5000:].mean() < 0.01 * power[500:3000].mean()


def test_shares_of_the_config_are_what_is_drawn() -> None:
    rng = np.random.default_rng(3)
    drawn = [Channels(ChannelConfig(telephone=0.2, noise=0.4)).draw(rng) for _ in range(500)]
    assert 0.13 < np.mean([channel.narrow for channel in drawn]) < 0.27
    assert 0.3 < np.mean([channel.noise is not None for channel in drawn]) < 0.5


def test_only_the_sender_hears_the_channel() -> None:
    speech = corpus([50000])
    clean = Batches(speech, BatchConfig(batch=2), channels=Channels(NEVER))(0)
    assert torch.equal(clean.heard, clean.speech)
    through = Batches(speech, BatchConfig(batch=2), channels=Channels(ALWAYS))(0)
    assert not torch.equal(through.heard, through.speech)


def test_noise_of_a_corpus_is_used_and_its_silent_clips_are_not() -> None:
    noisy = corpus([16000])
    noisy.audio[:] = 0
    assert Channels(ALWAYS, noisy)._noises == []
