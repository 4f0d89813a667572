"""The token client and the recording as a live caller, against a real server on a real socket."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import time

import numpy as np
import pytest

from codec.errors import SecoustiError
from codec.rates import HIGH, LOW, RATES
from secousti.caller import Caller, last_speech_sample
from secousti.client import Audio, Traffic, connect
from server.app import Server
from server.calllog import CallLog, read_call
from server.settings import ServerSettings
from server.wires import native
from tests.server.fakes import FakeCodec, FakeConversation, FakeListener, fake_parts, reply_of, run

QUICK = ServerSettings(port=0, slots=1, drain_s=0.5)


def loud(seconds: float) -> np.ndarray:
    return np.full(round(seconds * 16_000), 0.4, np.float32)


def with_call(work, rate=HIGH, settings=QUICK, token=None, **parts):
    """Runs ``work(call, server)`` in an open call."""

    async def inner():
        async with Server(settings, fake_parts(**parts)) as server:
            url = f"ws://127.0.0.1:{server.port}"
            async with connect(url, FakeCodec(rate), token=token) as call:
                return await work(call, server)

    return run(inner())


@pytest.mark.parametrize("rate", [LOW, HIGH], ids=lambda rate: rate.name)
def test_a_recorded_caller_is_answered_turn_by_turn(rate, tmp_path):
    shown: list[object] = []

    async def work(call, server):
        call.log = CallLog(tmp_path / "call.jsonl", rate, time.monotonic, "now")
        caller = Caller(call, shown.append)
        turns = await caller.converse([loud(0.5), loud(0.6)])
        call.log.close()
        return call, caller, turns

    call, caller, turns = with_call(work, rate, listener=lambda: FakeListener(texts=["one", "two"]))
    assert [turn.info.heard for turn in turns] == ["one", "two"]
    assert [turn.info.said for turn in turns] == ["You said one.", "You said two."]
    for turn in turns:
        assert turn.reply.wav.max() == pytest.approx(0.3, abs=1e-3)
        # 200 ms of silence end a turn; the fakes take next to no time
        assert 200 <= turn.voice_to_voice_ms < 200 + 2 * rate.packet_ms + 250
        assert turn.info.latency_ms["voice_to_voice"] < turn.voice_to_voice_ms + 50
    assert call.up.bps == pytest.approx(rate.nominal_bps, rel=0.12)
    assert call.up.wire_bps > call.up.bps
    assert any(isinstance(event, native.Caption) for event in shown)

    log = read_call(tmp_path / "call.jsonl")
    decoder = FakeCodec(rate).stream_decoder(1)
    for generation, heard in caller.replies.items():
        decoder.reset(0, keep_voice=True)
        pieces = [decoder.step([p], [0])[0].numpy() for p in log.downlink(generation)]
        assert np.array_equal(np.concatenate(pieces), heard.wav)
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


async def seen(events, kind):
    """Waits until an event of that kind has come; five seconds must do."""
    for _ in range(500):
        if any(isinstance(event, kind) for event in events):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"no {kind.__name__} in {events}")


def test_a_flush_is_seen_and_the_next_reply_decodes_from_its_start():
    talk = FakeConversation(greeting=reply_of("a" * 150))

    async def work(call, server):
        events = []

        async def follow():
            async for event in call:
                events.append(event)

        following = asyncio.create_task(follow())
        await seen(events, Audio)
        for level in [0.4] * 12 + [0.0] * 12:
            await call.send(np.full(640, level, np.float32))
            await asyncio.sleep(0.04)
        await seen(events, native.End)
        following.cancel()
        assert [e.generation for e in events if isinstance(e, native.Flush)] == [1]
        assert {e.generation for e in events if isinstance(e, Audio)} == {1, 2}

    with_call(work, conversation=lambda locale: talk)


def test_what_the_loudspeaker_played_is_what_counts_as_heard():
    """A client that has played nothing yet makes the history end before the reply."""
    talk = FakeConversation(greeting=reply_of("a" * 150))

    async def work(call, server):
        call.played = lambda: 0
        follow = asyncio.create_task(anext_forever(call))
        await asyncio.sleep(0.5)
        for level in [0.4] * 12 + [0.0] * 12:
            await call.send(np.full(640, level, np.float32))
            await asyncio.sleep(0.04)
        await asyncio.sleep(0.2)
        follow.cancel()
        [(_, chars)] = talk.truncated
        # 240 ms pass between a report and the cut, at most, in which more may have been heard
        assert chars <= 0.25 / 0.02

    with_call(work, conversation=lambda locale: talk)


async def anext_forever(call):
    async for _ in call:
        pass


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


def test_a_server_that_goes_away_ends_the_conversation():
    async def work(call, server):
        caller = Caller(call)
        asyncio.get_running_loop().call_later(1.2, asyncio.ensure_future, server.drain())
        with pytest.raises(SecoustiError, match="ended the call"):
            await caller.converse([loud(5.0)])

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


def test_the_end_of_speech_is_found_before_the_room():
    wav = np.concatenate([loud(0.5), 0.0001 * loud(0.3)])
    assert last_speech_sample(wav) == 8000
    assert last_speech_sample(np.zeros(100, np.float32)) == 100
