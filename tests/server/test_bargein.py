"""Noises shorter than 120 ms do not cut the agent; what goes on does, in time."""

from __future__ import annotations

import numpy as np
import pytest

from server.bargein import BargeIn

RNG = np.random.default_rng(1)
BLOCK = 640


def noise(ms, level):
    return (level * RNG.standard_normal(ms * 16)).astype(np.float32)


def confirmed_after(sound, lead_in_ms=320):
    """Milliseconds from the sound's begin to confirmation, or None; noticed after 96 ms."""
    quiet = noise(lead_in_ms, 0.001)
    stream = np.concatenate([quiet, sound, noise(1000, 0.001)])
    barge_in, started = BargeIn(), False
    for end in range(BLOCK, len(stream), BLOCK):
        barge_in.push(stream[end - BLOCK : end])
        heard_ms = end / 16 - lead_in_ms
        if not started and heard_ms >= 96:
            barge_in.started(lead_in_ms / 1000)
            started = True
        if barge_in.confirmed():
            return heard_ms
    return None


@pytest.mark.parametrize("ms", [60, 100, 119])
def test_short_noises_are_not_confirmed(ms):
    assert confirmed_after(noise(ms, 0.3)) is None


@pytest.mark.parametrize("ms", [200, 400, 2000])
@pytest.mark.parametrize("level", [0.01, 0.3])
def test_longer_sounds_are_confirmed_soon_after_they_were_noticed(ms, level):
    assert confirmed_after(noise(ms, level)) <= 200


def test_speech_that_swells_and_sinks_is_confirmed():
    swell = 0.55 - 0.45 * np.cos(2 * np.pi * 4 * np.arange(16_000) / 16_000)
    assert confirmed_after((swell * noise(1000, 0.3)).astype(np.float32)) < 400


def test_a_settled_suspicion_is_over():
    barge_in = BargeIn()
    barge_in.push(noise(500, 0.3))
    barge_in.started(0.0)
    assert barge_in.suspected
    assert barge_in.confirmed()
    barge_in.settled()
    assert not barge_in.suspected
    assert not barge_in.confirmed()


def test_memory_is_bounded():
    barge_in = BargeIn()
    for _ in range(1000):
        barge_in.push(noise(40, 0.1))
    assert sum(map(len, barge_in._recent)) <= 16_000 + 640


@pytest.mark.parametrize(("after_ms", "confirmed"), [(0, True), (120, False), (400, True)])
def test_what_may_be_the_agent_s_echo_must_last_longer(after_ms, confirmed):
    """Noticed so long after the agent has begun; 240 ms of sound are otherwise enough."""
    barge_in = BargeIn()
    barge_in.push(noise(320, 0.001))
    barge_in.agent_began()
    barge_in.push(noise(after_ms, 0.001))
    barge_in.push(noise(240, 0.3))
    barge_in.started((320 + after_ms) / 1000)
    assert barge_in.confirmed() is confirmed
