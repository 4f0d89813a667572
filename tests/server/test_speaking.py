"""A reply on its way out: framing, what was heard of it, and its pre-rendered form."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.rates import DELAY_SAMPLES, HIGH, LOW, RATES
from server.ahead import Making
from server.latency import Arrivals, TurnClock
from server.scripts import Framer, ScriptShelf, encode_whole
from server.speaking import Speech, chars_of, prefetched
from tests.server.fakes import ByHand, FakeCodec, FakeDecoder, FakeVoice, reply_of, run

REPLY = reply_of("First one.", "Second, longer one.", "Third.")


@given(st.lists(st.integers(0, 3000), max_size=12), st.sampled_from([LOW, HIGH]))
def test_frames_are_the_same_for_every_chunking(sizes, rate):
    sound = np.arange(1, sum(sizes) + 1, dtype=np.float32)
    framer, frames = Framer(rate.packet_samples), []
    for piece in np.split(sound, np.cumsum(sizes)[:-1]) if sizes else []:
        frames += list(framer.push(piece))
    frames += list(framer.finish())
    joined = np.concatenate(frames)
    assert all(len(frame) == rate.packet_samples for frame in frames)
    assert np.array_equal(joined[: len(sound)], sound)
    assert not joined[len(sound) :].any()
    # the decoder's delay is brought out, and no more than a packet on top
    assert DELAY_SAMPLES <= len(joined) - len(sound) < DELAY_SAMPLES + rate.packet_samples


CODECS = {name: FakeCodec(rate) for name, rate in RATES.items()}


def heard(rate, packets):
    decoder = FakeDecoder(RATES[rate], 1)
    return np.concatenate([decoder.step([packet], [0])[0].numpy() for packet in packets])


def test_a_text_is_rendered_once_for_every_rate():
    shelf = ScriptShelf()
    shelf.put("low", "Hello. Again.", [b"mine"])
    shelf.render(["Hello.", "Again."], FakeVoice(), CODECS, 160)
    assert shelf.packets("low", "Hello. Again.") == (b"mine",)
    sound = heard("high", shelf.packets("high", "Hello. Again."))
    assert (sound > 0.29).mean() == pytest.approx(0.2 / (0.2 + 0.32 + 0.04), abs=0.1)
    assert shelf.packets("high", "Hello.") is None
    assert len(shelf.sound("Hello. Again.")) == 2 * (1600 + 2560)  # for lines without tokens
    assert shelf.sound("Hello.") is None


def test_the_first_frame_is_out_before_more_is_made():
    made = []

    def voice():
        for k in range(3):
            made.append(k)
            yield np.full(1600, k, np.float32)

    async def work():
        with ThreadPoolExecutor(1) as pool:
            lengths = []
            async with aclosing(prefetched(Making(voice, pool), 60.0, 640)) as chunks:
                async for chunk in chunks:
                    lengths.append(len(chunk))
                    if len(lengths) == 1:
                        await asyncio.sleep(0.05)
                        assert made == [0]
            assert lengths == [640, 960, 1600, 1600]

    run(work())


class FakeArchive:
    """One line, ``probe``, recorded at level 0.2 and rendered with codecs of the given gain."""

    def __init__(self, **gains):
        self.wav = np.full(16_000, 0.2, np.float32)
        self.rendered = {
            rate: encode_whole(CODECS[rate], rate, [self.wav * gain])
            for rate, gain in gains.items()
        }

    def audio(self, text):
        return self.wav if text == "probe" else None

    def packets(self, rate, text):
        return self.rendered.get(rate) if text == "probe" else None


def test_packets_of_other_weights_are_not_used():
    shelf = ScriptShelf(FakeArchive(high=1.0, low=0.5))
    assert shelf.packets("low", "probe") is not None
    shelf.distrust_foreign("probe", CODECS)
    assert shelf.packets("high", "probe") is not None
    assert shelf.packets("low", "probe") is None
    assert shelf.sound("probe") is not None  # the sound is as good as ever
    shelf.put("low", "mine", [b"12345"])
    assert shelf.packets("low", "mine") == (b"12345",)


def test_an_archive_without_the_probe_is_trusted():
    shelf = ScriptShelf(FakeArchive(high=1.0))
    shelf.distrust_foreign("other", CODECS)
    assert shelf.packets("high", "probe") is not None


def test_whole_encoding_starts_at_packet_zero_and_flushes():
    packets = encode_whole(FakeCodec(LOW), "low", [np.zeros(2560, np.float32)])
    assert [len(packet) for packet in packets] == [LOW.packet_bytes(k) for k in range(2)]


def test_sentence_ends_are_found_in_the_text():
    text = "First one. Second, longer one. Third."
    assert [chars_of(text, REPLY.sentences[:n]) for n in range(4)] == [0, 10, 30, 37]
    assert chars_of("Rephrased.", ("Not in it.",)) == 10


def test_heard_characters_follow_the_samples():
    speech = Speech(REPLY)
    speech.mark(1, 16_000)
    speech.mark(2, 48_000)
    assert speech.heard_chars(0) == 0
    assert speech.heard_chars(8_000) == 5
    assert speech.heard_chars(16_000) == 10
    assert speech.heard_chars(32_000) == 20
    assert speech.heard_chars(10**9) == 36  # in the third, whose end has no sound yet
    assert speech.heard_chars(48_000 + 3_200) == 33  # 0.2 s at 15 characters a second


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=9))
def test_more_samples_never_mean_fewer_characters(samples):
    speech = Speech(REPLY)
    speech.mark(1, 16_000)
    heard = [speech.heard_chars(count) for count in sorted(samples)]
    assert heard == sorted(heard)
    assert heard[-1] <= len(REPLY.text)


def test_what_is_left_begins_with_the_sentence_that_was_cut():
    speech = Speech(REPLY)
    speech.mark(1, 16_000)
    speech.mark(2, 48_000)
    speech.cut(20_000)
    assert speech.sentences == REPLY.sentences[1:]
    assert 10 < speech.said_chars < 30
    speech.mark(1, 32_000)  # said again from there, and cut in the third
    speech.cut(33_000)
    assert speech.sentences == ("Third.",)
    assert 30 <= speech.said_chars < 37


def test_chunks_are_made_ahead_in_the_pool_and_faults_come_through():
    made = []

    def voice():
        for k in range(6):
            made.append(k)
            yield np.full(10, k, np.float32)
        raise RuntimeError("out of breath")

    async def work():
        with ThreadPoolExecutor(1) as pool:
            got = []
            with pytest.raises(RuntimeError, match="breath"):
                async with aclosing(prefetched(Making(voice, pool), 60.0)) as chunks:
                    async for chunk in chunks:
                        got.append(int(chunk[0]))
                        if len(got) == 1:
                            await asyncio.sleep(0.1)
                            assert len(made) <= 5  # two queued, one waiting, one in hand
            assert got == list(range(6))

    run(work())


def test_arrivals_name_the_moment_a_sample_came_in():
    arrivals = Arrivals(DELAY_SAMPLES)
    for k in range(100):
        arrivals.add(640, 5 + 0.04 * (k + 1))
    # what the ears hear at 1 s came in one decoder's delay earlier in the stream
    assert arrivals.of(1.0) == pytest.approx(5.96)
    assert arrivals.of(0.0) == pytest.approx(5.04)
    assert arrivals.of(99.0) is None
    arrivals.rebase(32_000)  # new ears, two seconds into the call
    assert arrivals.of(1.0) == pytest.approx(7.96)


def test_arrivals_forget_what_is_long_past():
    arrivals = Arrivals(0)
    for k in range(10_000):
        arrivals.add(640, 0.04 * k)
    assert len(arrivals._marks) < 3_100


def test_a_turn_reports_the_parts_it_reached():
    clock = TurnClock(endpoint_ms=640.0, recognise_ms=12.34, speech_end=10.0, asked=10.7)
    assert clock.parts() == {"endpoint": 640.0, "recognise": 12.3}
    clock.answered, clock.first_sent = 10.9, 11.05
    assert clock.parts() == {
        "endpoint": 640.0,
        "recognise": 12.3,
        "think": 200.0,
        "speak_first": 150.0,
        "voice_to_voice": 1050.0,
    }


@pytest.mark.parametrize("turns", range(8))
def test_a_speech_that_is_cut_as_its_sound_comes_is_cut(turns):
    """So many turns of the loop after the sound was made; a cancellation is never swallowed."""

    async def work():
        pool = ByHand()

        async def listen():
            async with aclosing(
                prefetched(Making(lambda: [np.zeros(1)] * 100, pool), 60.0)
            ) as chunks:
                async for _ in chunks:
                    pass

        listening = asyncio.create_task(listen())
        for _ in range(3):
            await asyncio.sleep(0.001)
        pool.do()
        for _ in range(5):
            await asyncio.sleep(0.001)
        pool.do()
        for _ in range(turns):
            await asyncio.sleep(0)
        listening.cancel()
        await asyncio.wait([listening], timeout=1)
        assert listening.cancelled()

    run(work())
