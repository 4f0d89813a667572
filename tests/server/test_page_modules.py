"""The page's modules that need no browser, run by Node: packets, resampling, jitter, bit rates."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest

from codec.packets import Packet, pack
from codec.rates import HIGH, LOW, SAMPLE_RATE_HZ
from codec.runtime.export import rate_facts
from server.page import WEB

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node.js, 20.19 or newer")
OWN = sorted(path.name for path in WEB.glob("*.js"))


def ran(module, script, given=None):
    """What ``script`` returns; in it ``m`` is the module."""
    code = f"""
        import * as m from {json.dumps((WEB / module).as_uri())};
        import {{ readFileSync }} from "node:fs";
        const given = JSON.parse(readFileSync(0));
        const result = (() => {{ {script} }})();
        const plain = (_, v) => (ArrayBuffer.isView(v) ? Array.from(v) : v);
        console.log(JSON.stringify(result, plain));
    """
    done = subprocess.run(
        [NODE, "--no-warnings", "--input-type=module", "-e", code],
        input=json.dumps(given),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", OWN)
def test_every_module_is_a_module(name):
    checked = subprocess.run([NODE, "--check", WEB / name], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("rate", [LOW, HIGH], ids=lambda rate: rate.name)
def test_packets_are_those_of_the_codec(rate):
    draw = np.random.default_rng(5)
    packets, stream = [], []
    for index in range(70):
        codes = draw.integers(0, 2**rate.token_bits, rate.tokens_per_packet).tolist()
        voice = int(draw.integers(0, 2**16)) if rate.carries_voice(index) else None
        packets.append({"codes": codes, "voice": voice})
        stream.append(list(pack(rate, index, Packet(tuple(codes), voice))))
    read, written = ran(
        "packets.js",
        """
        const [reader, writer] = [new m.PacketReader(given.facts), new m.PacketWriter(given.facts)];
        const bytes = given.stream.map((packet) => Uint8Array.from(packet));
        const joined = [bytes.slice(0, 9), bytes.slice(9, 10), bytes.slice(10)];
        const message = (some) => Uint8Array.from(some.flatMap((b) => [...b]));
        const read = joined.flatMap((some) => reader.read(message(some)));
        return [read, given.packets.map(({ codes, voice }) => writer.write(codes, voice ?? 7))];
        """,
        {"facts": rate_facts(rate), "stream": stream, "packets": packets},
    )
    assert read == packets
    assert written == stream


def test_half_a_packet_is_an_error():
    with pytest.raises(AssertionError, match="out of step"):
        facts = {"facts": rate_facts(HIGH)}
        ran("packets.js", "return new m.PacketReader(given.facts).read(new Uint8Array(7));", facts)


RESAMPLE = """
    const resampler = new m.Resampler(given.from, given.to);
    const out = [];
    const sound = Float32Array.from(given.sound);
    for (let at = 0; at < sound.length; at += given.chunk)
        out.push(...resampler.push(sound.subarray(at, at + given.chunk)));
    return [...out, ...resampler.finish()];
"""


def resampled(tone_hz, from_hz, to_hz, chunk=128, seconds=0.25):
    sound = np.sin(2 * np.pi * tone_hz * np.arange(int(from_hz * seconds)) / from_hz)
    given = {"from": from_hz, "to": to_hz, "chunk": chunk, "sound": sound.tolist()}
    return np.array(ran("resample.js", RESAMPLE, given))


@pytest.mark.parametrize(
    ("from_hz", "to_hz"),
    [(48_000, 16_000), (44_100, 16_000), (16_000, 48_000), (16_000, 44_100), (16_000, 16_000)],
)
def test_a_tone_keeps_its_place_and_level_at_another_rate(from_hz, to_hz):
    out = resampled(1000, from_hz, to_hz)
    assert abs(len(out) - 0.25 * to_hz) <= 1
    expected = np.sin(2 * np.pi * 1000 * np.arange(len(out)) / to_hz)
    inner = slice(len(out) // 10, -len(out) // 10)  # the edges of a tone are no tone
    assert np.abs(out - expected)[inner].max() < 1e-3


def test_what_the_lower_rate_cannot_hold_is_taken_out():
    for tone_hz in (9_000, 12_000, 20_000):
        out = resampled(tone_hz, 48_000, SAMPLE_RATE_HZ)
        assert np.abs(out[400:-400]).max() < 1e-3


def test_chunks_make_no_difference():
    whole = resampled(440, 44_100, 16_000, chunk=10**6)
    for chunk in (1, 37, 128):
        np.testing.assert_array_equal(resampled(440, 44_100, 16_000, chunk), whole)


JITTER = """
    const buffer = new m.JitterBuffer(400, 1000, 8000);
    const ones = (count) => new Float32Array(count).fill(1);
    const pull = (count) => { const out = new Float32Array(count); buffer.pull(out); return out; };
    const sum = (sound) => sound.reduce((a, b) => a + b, 0);
"""


def test_sound_waits_until_there_is_enough_of_it():
    waited, played, count = ran(
        "jitter.js",
        JITTER
        + """
        buffer.begin();
        buffer.push(ones(300));
        const waited = sum(pull(100));
        buffer.push(ones(100));
        return [waited, sum(pull(100)), buffer.played];
        """,
    )
    assert (waited, played, count) == (0, 100, 100)


def test_a_short_reply_does_not_wait_for_more():
    assert ran(
        "jitter.js",
        JITTER + "buffer.begin(); buffer.push(ones(50)); buffer.end(); return [sum(pull(100)), "
        "buffer.idle, buffer.gaps];",
    ) == [50, True, 0]


def test_a_gap_is_silence_and_makes_it_wait_longer():
    gap, short, enough, gaps = ran(
        "jitter.js",
        JITTER
        + """
        buffer.begin();
        buffer.push(ones(400));
        const gap = sum(pull(500));
        buffer.push(ones(500));
        const short = sum(pull(100));
        buffer.push(ones(100));
        return [gap, short, sum(pull(100)), buffer.gaps];
        """,
    )
    assert (gap, short, enough, gaps) == (400, 0, 100, 1)


def test_a_cut_is_silent_within_five_milliseconds_and_takes_no_late_sound():
    fade, after, late, next_reply = ran(
        "jitter.js",
        JITTER
        + """
        buffer.begin();
        buffer.push(ones(2000));
        pull(100);
        buffer.flush();
        const fade = pull(40);
        const after = sum(pull(500));
        buffer.push(ones(500));
        const late = sum(pull(100));
        buffer.begin();
        buffer.push(ones(400));
        return [fade, after, late, sum(pull(100))];
        """,
    )
    assert fade == sorted(fade, reverse=True)
    assert (fade[0], fade[-1]) == (1, pytest.approx(0, abs=0.03))
    assert (after, late, next_reply) == (0, 0, 100)


def test_bits_are_counted_over_the_last_seconds():
    assert ran(
        "bits.js",
        """
        const rate = new m.BitRate();
        const seen = [];
        for (let now = 0; now < 5000; now += 40) { rate.add(5, now); seen.push(rate.at(now)); }
        return [seen[5], seen[50], seen.at(-1), rate.at(9000), rate.bytes];
        """,
    ) == [0, pytest.approx(1000, rel=0.05), pytest.approx(1000, rel=0.02), 0, 625]


def test_what_a_resume_must_send_again_is_kept_for_a_while():
    last, none, gone, after_all = ran(
        "uplink.js",
        """
        const uplink = new m.Uplink();
        for (let k = 0; k < 1000; k += 1) uplink.add(k, 40 * k);
        const [last, none, gone] = [uplink.after(997), uplink.after(1000), uplink.after(500)];
        uplink.restart(500);
        uplink.add("rate", 40_000);
        return [last, none, gone, uplink.after(500)];
        """,
    )
    assert last == [997, 998, 999]
    assert none == []
    assert gone is None
    assert after_all == ["rate"]


def test_silence_in_a_gap_is_counted_as_made_up():
    assert ran(
        "jitter.js",
        JITTER
        + """
        buffer.begin();
        pull(100);
        const before = buffer.concealed;
        buffer.push(ones(400));
        pull(500);
        pull(50);
        return [before, buffer.concealed, buffer.played];
        """,
    ) == [0, 150, 400]
