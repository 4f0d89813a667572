"""The token client against a real server on a real socket."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import time

import numpy as np
import pytest

from codec.errors import SecoustiError
from codec.rates import HIGH, LOW, RATES
from secousti.client import REPORT_S, Audio, connect
from secousti.traffic import Traffic
from server.app import Server
from server.calllog import CallLog, read_call
from server.settings import ServerSettings
from server.wires import native
from tests.server.fakes import Broken, FakeCodec, FakeConversation, fake_parts, reply_of, run

QUICK = ServerSettings(port=0, slots=1, last_reply_s=0.5, resume_s=0.0)


def loud(seconds: float) -> np.ndarray:
    return np.full(round(seconds * 16_000), 0.4, np.float32)


def silent(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 16_000), np.float32)


def with_call(work, rate=HIGH, settings=QUICK, token=None, **parts):
    """Runs ``work(call, server)`` in an open call."""

    async def inner():
        async with Server(settings, fake_parts(**parts)) as server:
            url = f"ws://127.0.0.1:{server.port}"
            async with connect(url, FakeCodec(rate), token=token) as call:
                return await work(call, server)

    return run(inner())


class Follower:
    """Keeps what a call says; ``sound`` is what was decoded, by generation."""

    def __init__(self, call):
        self.call, self.events = call, []
        self.sound: dict[int, list[np.ndarray]] = {}
        self.task = asyncio.create_task(self._follow())

    async def _follow(self):
        async for event in self.call:
            self.events.append(event)
            if isinstance(event, Audio):
                self.sound.setdefault(event.generation, []).append(event.pcm)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind, count=1):
        """Waits for the count-th event of a kind; half a minute must do."""
        for _ in range(3000):
            if len(self.of(kind)) >= count:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"no {kind.__name__} number {count} in {self.events}")

    async def speak(self, *sounds):
        """Sends sound in real time, a packet's worth after another."""
        for frame in np.concatenate(sounds).reshape(-1, self.call.rate.packet_samples):
            await self.call.send(frame)
            await asyncio.sleep(self.call.rate.packet_ms / 1000)


@pytest.mark.parametrize("rate", [LOW, HIGH], ids=lambda rate: rate.name)
def test_a_call_is_heard_logged_and_counted(rate, tmp_path):
    async def work(call, server):
        call.log = CallLog(tmp_path / "call.jsonl", rate, time.monotonic, "now")
        caller = Follower(call)
        await caller.until(native.End)
        await caller.speak(loud(0.64), silent(0.48))
        await caller.until(native.End, 2)
        await call.close()
        await caller.task  # the server's bye ends it
        call.log.close()
        return call, caller

    call, caller = with_call(work, rate)
    assert [turn.heard for turn in caller.of(native.TurnInfo)] == ["", "I feel tired"]
    assert caller.of(native.Caption) == [native.Caption(text="I feel tired")]
    assert np.concatenate(caller.sound[2]).max() == pytest.approx(0.3, abs=1e-3)
    assert call.up.seconds == pytest.approx(1.12)
    assert call.up.bps == pytest.approx(rate.nominal_bps, rel=0.12)
    assert call.up.wire_bps > call.up.bps

    log = read_call(tmp_path / "call.jsonl")
    decoder = FakeCodec(rate).stream_decoder(1)
    for generation, pieces in caller.sound.items():
        decoder.reset(0, keep_voice=True)
        again = [decoder.step([p], [0])[0].numpy() for p in log.downlink(generation)]
        assert np.array_equal(np.concatenate(again), np.concatenate(pieces))
    assert len(log.uplink()) == call.up.packets


def test_sound_of_any_chunking_becomes_the_same_packets(tmp_path):
    sound = np.random.default_rng(0).uniform(-0.01, 0.01, 640 * 5 + 100).astype(np.float32)

    def packets(cuts):
        async def work(call, server):
            path = tmp_path / f"{len(cuts)}.jsonl"
            call.log = CallLog(path, HIGH, time.monotonic, "now")
            for piece in np.split(sound, cuts):
                await call.send(piece)
            call.log.close()
            return read_call(path).uplink()

        return with_call(work)

    whole = packets([])
    assert len(whole) == 5
    assert packets([1, 2, 700, 1300, 3000]) == whole


def test_a_flush_is_seen_and_the_next_reply_decodes_from_its_start():
    talk = FakeConversation(greeting=reply_of("a" * 150))

    async def work(call, server):
        caller = Follower(call)
        await caller.until(Audio)
        await caller.speak(loud(0.48), silent(0.48))
        await caller.until(native.End)
        assert [flush.generation for flush in caller.of(native.Flush)] == [1]
        assert sorted(caller.sound) == [1, 2]

    with_call(work, conversation=lambda locale: talk)


def test_what_the_loudspeaker_played_is_what_counts_as_heard():
    """A client that has played nothing yet makes the history end where the reply began."""
    talk = FakeConversation(greeting=reply_of("a" * 150))

    async def work(call, server):
        call.played = lambda: 0
        caller = Follower(call)
        await caller.until(Audio)
        await asyncio.sleep(0.5)
        await caller.speak(loud(0.48), silent(0.48))
        await caller.until(native.End)
        [(_, chars)] = talk.truncated
        # between two reports more may have been played: REPORT_S, at 0.02 s a character
        assert chars <= 1.5 * REPORT_S / 0.02

    with_call(work, conversation=lambda locale: talk)


def refusal(url, codec=None, **options):
    async def inner():
        async with connect(url, codec or FakeCodec(HIGH), **options):
            pass

    with pytest.raises(SecoustiError) as caught:
        run(inner())
    return str(caught.value)


def test_no_server_is_one_clear_sentence():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "secousti serve" in refusal(f"ws://127.0.0.1:{port}")


def test_a_bad_address_is_one_clear_sentence():
    assert "is no address" in refusal("http//nowhere")


def test_something_else_that_answers_is_named():
    async def other():
        async def handle(reader, writer):
            await reader.readline()
            writer.write(b"HELO I am a mail server\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        async with server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            with pytest.raises(SecoustiError, match="no Secousti server"):
                async with connect(url, FakeCodec(HIGH)):
                    pass

    run(other())


def test_a_missing_token_is_told_and_a_right_one_works():
    secret = dataclasses.replace(QUICK, token="open-sesame")

    async def work(call, server):
        with pytest.raises(SecoustiError, match="--token"):
            async with connect(f"ws://127.0.0.1:{server.port}", FakeCodec(HIGH)):
                pass

    with_call(work, settings=secret, token="open-sesame")


def test_a_full_server_is_told():
    async def work(call, server):
        with pytest.raises(SecoustiError, match="slots are taken"):
            async with connect(f"ws://127.0.0.1:{server.port}", FakeCodec(HIGH)):
                pass

    with_call(work)


def test_a_server_that_goes_away_says_bye():
    async def work(call, server):
        caller = Follower(call)
        await caller.until(native.End)
        await server.drain()
        await caller.task
        assert "shutting down" in caller.of(native.Bye)[0].reason

    with_call(work)


def test_an_error_of_the_server_is_raised_with_its_words():
    async def work(call, server):
        caller = Follower(call)
        with pytest.raises(SecoustiError, match="lost its voice"):
            await caller.task

    with_call(work, voice=Broken())


def test_a_broken_line_is_one_clear_sentence():
    async def work(call, server):
        caller = Follower(call)
        await caller.until(Audio)
        call._socket.transport.abort()
        with pytest.raises(SecoustiError, match="line to the server broke"):
            await caller.task

    with_call(work)


@pytest.mark.parametrize("rate", RATES.values(), ids=lambda rate: rate.name)
def test_traffic_counts_every_byte(rate):
    traffic = Traffic(rate)
    packets = tuple(bytes(rate.packet_bytes(k)) for k in range(64))
    for packet in packets:
        traffic.tokens((packet,))
        traffic.count(packet, masked=True)
    assert traffic.token_bits == 8 * sum(map(len, packets))
    assert traffic.wire_bytes == sum(map(len, packets)) + 6 * 64
    assert traffic.seconds == pytest.approx(64 * rate.packet_ms / 1000)
    assert traffic.bps == pytest.approx(rate.nominal_bps, rel=0.01)
