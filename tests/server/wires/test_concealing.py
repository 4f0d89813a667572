"""What is made up for sound that did not come: as long, never louder, soon silent, no clicks."""

from __future__ import annotations

import asyncio
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.calllog import CallLog, read_call
from server.line import PcmLine
from server.wires.concealing import FADED_MS, Concealer
from server.wires.sound import PcmFormat, PcmSound
from tests import conftest

make_hum = cache(conftest.make_hum)
RATES_HZ = st.sampled_from([8_000, 16_000, 24_000, 44_100, 48_000])
# Lengths in samples; False: that much is lost.
streams = st.lists(st.tuples(st.booleans(), st.integers(0, 900)), max_size=20)


@given(RATES_HZ, streams)
def test_every_stream_keeps_its_length_and_its_level(rate_hz, stream):
    sound, concealer, at = make_hum(2.5, rate_hz), Concealer(rate_hz), 0
    for came, samples in stream:
        true = sound[at : at + samples]
        heard = concealer.came(true) if came else concealer.lost(samples)
        assert heard.dtype == np.float32
        assert len(heard) == samples
        assert np.isfinite(heard).all()
        assert np.abs(heard).max(initial=0) <= np.abs(sound).max()
        at += samples


@given(RATES_HZ, st.lists(st.integers(0, 900), max_size=10))
def test_what_comes_is_heard_as_it_came_where_nothing_is_missing(rate_hz, sizes):
    concealer = Concealer(rate_hz)
    sound = make_hum(1.0, rate_hz)[: sum(sizes)]
    pieces = np.split(sound, np.cumsum(sizes)[:-1]) if sizes else []
    assert all(np.array_equal(concealer.came(piece), piece) for piece in pieces)


@given(RATES_HZ, st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_a_gap_is_made_up_alike_for_every_chunking(rate_hz, sizes):
    one, other = Concealer(rate_hz), Concealer(rate_hz)
    for concealer in (one, other):
        concealer.came(make_hum(0.2, rate_hz))
    at_once = one.lost(sum(sizes))
    assert np.allclose(at_once, np.concatenate([other.lost(size) for size in sizes]), atol=1e-6)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("pitch_hz", [80.0, 120.0, 190.0])
def test_a_lost_frame_of_a_voice_is_nearer_to_it_than_silence(rate_hz, pitch_hz):
    sound, frame = make_hum(1.0, rate_hz, pitch_hz), rate_hz // 50
    errors, silence = [], []
    for at in range(5 * frame, len(sound) - frame, 5 * frame):
        concealer = Concealer(rate_hz)
        concealer.came(sound[:at])
        true = sound[at : at + frame]
        errors.append(np.square(concealer.lost(frame) - true).sum())
        silence.append(np.square(true).sum())
    assert sum(errors) < 0.35 * sum(silence)


def test_a_long_gap_is_silent_and_sound_comes_back_without_a_click():
    concealer, sound = Concealer(8_000), make_hum(1.0, 8_000)
    concealer.came(sound[:4900])
    made = concealer.lost(4000)
    assert np.abs(made[: 8 * 10]).max() > 0.1
    assert not made[8 * FADED_MS :].any()
    back = concealer.came(np.full(160, 0.5, np.float32))
    assert back[0] == 0.0
    assert np.abs(np.diff(back)).max() < 0.02
    assert (back[40:] == 0.5).all()


def test_before_any_sound_it_is_silent():
    assert not Concealer(8_000).lost(160).any()


FORM = PcmFormat("mulaw", 8_000)


def test_a_lost_packet_is_as_long_as_the_last_one_and_the_log_has_it_too(tmp_path):
    async def hear(packets):
        line = PcmLine(PcmSound(FORM, FORM))
        heard = [await line.hear(packet) for packet in packets]
        return line.samples(packets), np.concatenate([*heard, line._ear.finish()])

    sound = FORM.encode(make_hum(0.4, 8_000))
    packets = [sound[:800], None, None, sound[2400:3200]]
    samples, heard = asyncio.run(hear(packets))
    assert samples == 2 * 3200
    log = CallLog(tmp_path / "call.jsonl", PcmSound(FORM, FORM), lambda: 0.0, "now")
    log.up([packets[0]])
    log.event("lost", packets=2, samples=3200)
    log.up([packets[3]])
    log.close()
    assert np.allclose(read_call(tmp_path / "call.jsonl").pcm("up"), heard, atol=1e-6)
