"""Sound on wires: G.711 against the standard library, resampling without shift for any chunking."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec.errors import SecoustiError
from server.wires.sound import Cutter, PcmFormat, Resampler, format_named

ALL_CODES = bytes(range(256))
ALL_SAMPLES = np.arange(-32_768, 32_768, dtype="<i2")
FORMATS = st.builds(
    PcmFormat, st.sampled_from(["mulaw", "alaw", "pcm16"]), st.sampled_from([8_000, 16_000, 48_000])
)


@pytest.fixture
def oracle():
    """The standard library's G.711, where this Python still has it (to 3.12)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("audioop")


@pytest.mark.parametrize(("law", "encoding"), [("ulaw", "mulaw"), ("alaw", "alaw")])
def test_companding_is_that_of_the_standard_library(oracle, law, encoding):
    ours = PcmFormat(encoding, 8_000)
    linear = np.frombuffer(getattr(oracle, f"{law}2lin")(ALL_CODES, 2), "<i2")
    assert np.array_equal(ours.decode(ALL_CODES) * 32_768, linear)
    theirs = ours.decode(getattr(oracle, f"lin2{law}")(ALL_SAMPLES.tobytes(), 2))
    sound = ALL_SAMPLES.astype(np.float32) / 32_768
    error = np.abs(ours.decode(ours.encode(sound)) - sound)
    # the library truncates where we round, so we are never farther from the sample
    assert (error <= np.abs(theirs - sound)).all()


@given(FORMATS, st.binary(max_size=200))
def test_what_a_wire_said_is_said_again(form, data):
    data = data[: len(data) // form.sample_bytes * form.sample_bytes]
    again = form.encode(form.decode(data))
    assert np.array_equal(form.decode(again), form.decode(data))  # G.711 has two zeros
    if form.encoding == "pcm16":
        assert again == data


def test_over_full_scale_is_clipped():
    loud = PcmFormat("pcm16", 8_000).encode(np.array([2.0, -2.0], np.float32))
    assert np.frombuffer(loud, "<i2").tolist() == [32_767, -32_768]


@given(FORMATS)
def test_a_format_is_found_by_its_name(form):
    assert format_named(str(form)) == form


@pytest.mark.parametrize("name", ["opus/48000", "mulaw", "pcm16/0", "pcm16/99000", "", "alaw/1e4"])
def test_other_names_are_one_clear_sentence(name):
    with pytest.raises(SecoustiError):
        format_named(name)


def tone(rate_hz, hz=440.0):
    return np.sin(2 * np.pi * hz * np.arange(rate_hz) / rate_hz).astype(np.float32)


RATES = st.sampled_from([8_000, 12_000, 16_000, 24_000, 44_100, 48_000])


@settings(max_examples=20)
@given(RATES, RATES, st.lists(st.integers(0, 1500), max_size=6))
def test_resampling_keeps_time_and_does_not_care_for_chunks(from_hz, to_hz, cuts):
    sound = tone(from_hz, 50.0)
    whole = Resampler(from_hz, to_hz)
    once = np.concatenate([whole.push(sound), whole.finish()])
    pieces = Resampler(from_hz, to_hz)
    parts = [pieces.push(piece) for piece in np.split(sound, np.cumsum(cuts))]
    again = np.concatenate([*parts, pieces.finish()])
    assert len(once) == len(again) == to_hz
    assert np.allclose(once, again, atol=1e-5)
    middle = slice(to_hz // 4, to_hz // 2)
    assert np.abs(once[middle] - tone(to_hz, 50.0)[middle]).max() < 0.1  # 0.3 ms of shift


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
def test_resampling_to_the_ears_is_at_most_40_ms_late(rate_hz):
    ear, out = Resampler(rate_hz, 16_000), 0
    for k, piece in enumerate(np.split(tone(rate_hz), 50), start=1):
        out += len(ear.push(piece))
        assert 0.020 * k - out / 16_000 <= 0.040


def test_what_the_lower_rate_cannot_carry_is_gone():
    down = Resampler(16_000, 8_000)
    heard = np.concatenate([down.push(tone(16_000, 5_000.0)), down.finish()])
    assert np.abs(heard[500:-500]).max() < 1e-3


@given(st.integers(1, 50), st.lists(st.binary(max_size=120), max_size=8))
def test_frames_are_whole_and_in_order(size, chunks):
    cutter = Cutter(size)
    frames = [frame for chunk in chunks for frame in cutter.push(chunk)]
    frames += cutter.finish(b"-" * size)
    sent, joined = b"".join(chunks), b"".join(frames)
    assert all(len(frame) == size for frame in frames)
    assert joined == sent + b"-" * (len(joined) - len(sent))
    assert len(joined) - len(sent) < size
