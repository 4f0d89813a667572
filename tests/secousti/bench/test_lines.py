"""Lines begin where their wire lets them, and say where their speech is."""

from __future__ import annotations

import numpy as np
import pytest

from codec.rates import RATES
from secousti.bench.lines import pcm_repertoire, token_repertoire
from server.wires.sound import PcmFormat
from tests.server.fakes import FakeCodec, FakeDecoder

QUIET, LOUD = np.zeros(4_000, np.float32), np.full(16_000, 0.3, np.float32)
WAV = np.concatenate([QUIET, LOUD, QUIET])


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_silence_and_lines_follow_each_other_as_one_stream(rate):
    """Sizes are those of the places: the real decoder would refuse others."""
    repertoire = token_repertoire(FakeCodec(rate), rate, [WAV, LOUD])
    stream = [*repertoire.silence, *repertoire.lines[0].frames, *repertoire.silence]
    stream += repertoire.lines[1].frames
    assert [len(packet) for packet in stream] == [rate.packet_bytes(i) for i in range(len(stream))]
    assert len(repertoire.lines[0].frames) % repertoire.period == 0


def test_speech_is_found_and_is_where_it_says():
    form = PcmFormat("pcm16", 8_000)
    repertoire = pcm_repertoire(form, 20, [WAV])
    [line] = repertoire.lines
    assert line.first_s == pytest.approx(0.25, abs=0.011)
    assert line.last_s == pytest.approx(1.25, abs=0.011)
    sound = form.decode(b"".join(line.frames))
    loud = np.flatnonzero(np.abs(sound) > 0.1) / form.rate_hz
    assert loud[0] == pytest.approx(line.first_s, abs=0.02)
    assert loud[-1] == pytest.approx(line.last_s, abs=0.02)
    assert {len(frame) for frame in (*line.frames, *repertoire.silence)} == {form.bytes_of(20)}


def test_the_fake_decoder_takes_a_line_in_its_place():
    """A repertoire's own packets carry their place, so only whole streams of them decode."""
    rate = RATES["high"]
    repertoire = token_repertoire(FakeCodec(rate), rate, [LOUD])
    decoder = FakeDecoder(rate, 1)
    for packet in repertoire.silence:
        decoder.index[0] = int.from_bytes(packet[-3:-1], "big")
        decoder.step([packet], [0])
