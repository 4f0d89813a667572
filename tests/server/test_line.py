"""Lines: sound of any chunking becomes whole frames of the wire, and packets become sound."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.line import PcmLine
from server.wires.sound import PcmFormat, PcmSound

FORMATS = st.builds(
    PcmFormat,
    st.sampled_from(["mulaw", "alaw", "pcm16"]),
    st.sampled_from([8_000, 16_000, 24_000, 44_100, 48_000]),
)


def line_of(form, frame_ms=20):
    return PcmLine(PcmSound(form, form, frame_ms))


async def once(chunks):
    for chunk in chunks:
        yield chunk


def frames_of(line, chunks):
    async def gather():
        async with aclosing(line.frames(once(chunks))) as frames:
            return [frame async for frame in frames]

    return asyncio.run(gather())


@settings(max_examples=25)
@given(FORMATS, st.sampled_from([20, 100]), st.lists(st.integers(0, 2_000), max_size=6))
def test_a_reply_is_whole_frames_of_its_length_for_every_chunking(form, frame_ms, sizes):
    rng = np.random.default_rng(0)
    sound = rng.uniform(-0.5, 0.5, sum(sizes)).astype(np.float32)
    line = line_of(form, frame_ms)
    frames = frames_of(line, np.split(sound, np.cumsum(sizes)))
    assert all(len(frame) == form.bytes_of(frame_ms) for frame in frames)
    sent_s, reply_s = form.seconds(b"".join(frames)), len(sound) / 16_000
    assert reply_s - 0.001 <= sent_s < reply_s + frame_ms / 1000 + 0.001
    assert frames == frames_of(line, [sound])  # and nothing of the last reply is left


def test_what_fills_up_the_last_frame_is_silence():
    form = PcmFormat("mulaw", 8_000)
    [frame] = frames_of(line_of(form), [np.full(80, 0.5, np.float32)])
    assert np.abs(form.decode(frame)[80:]).max() == 0.0


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_packets_are_heard_in_order_and_in_their_time(rate_hz):
    form = PcmFormat("pcm16", rate_hz)
    line = line_of(form)
    ramp = np.linspace(0, 0.5, rate_hz, dtype=np.float32)
    packets = [form.encode(piece) for piece in np.split(ramp, 50)]
    assert line.samples(packets) == 16_000

    async def hear():
        return np.concatenate([await line.hear(packet) for packet in packets])

    heard = asyncio.run(hear())
    assert 16_000 - len(heard) <= 0.04 * 16_000
    expected = np.linspace(0, 0.5, 16_000)[: len(heard)]
    assert np.abs(heard - expected)[200:-200].max() < 0.01


def test_a_muted_line_has_no_frames_for_any_text():
    line = line_of(PcmFormat("pcm16", 24_000))
    assert line.prepared("Hello.") is None
    line.muted = True
    assert line.prepared("Hello.") == ()


def test_much_sound_at_once_lets_others_go_between():
    line = line_of(PcmFormat("pcm16", 24_000))
    turns = 0

    async def work():
        nonlocal turns

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        heard = await line.hear(bytes(2 * 24_000 * 10))
        beside.cancel()
        return heard

    assert len(asyncio.run(work())) == pytest.approx(160_000, abs=200)
    assert turns >= 9
