"""A server on a real socket: who gets in, a whole call, hostile callers, and the way out."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import time
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from codec.errors import SecoustiError
from codec.rates import HIGH, RATES
from server.app import Server
from server.calllog import read_call
from server.dialogue import WORDS
from server.limits import Limits
from server.settings import ServerSettings
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import (
    FakeCodec,
    FakeConversation,
    FakeDecoder,
    FakeEncoder,
    FakeVoice,
    fake_parts,
    reply_of,
    run,
)

QUICK = ServerSettings(port=0, slots=2, hello_timeout_s=20.0, drain_s=1.0, sentence_gap_ms=80)
LOUD, SILENT = 0.4, 0.0


class Caller:
    """A bare websocket client that keeps everything it gets, with the time it got it."""

    def __init__(self, socket, rate=HIGH):
        self.socket, self.rate = socket, rate
        self.wire, self.encoder = native.ClientWire(), FakeEncoder(rate, 1)
        self.got: list[tuple[float, Any]] = []
        self._reader = asyncio.create_task(self._read())

    async def _read(self):
        with contextlib.suppress(ConnectionClosed):
            async for message in self.socket:
                self.got.append((time.monotonic(), self.wire.decode(message)))

    async def speak(self, level, seconds, pace=1.0):
        """Sends sound of that level in real time (``pace`` times faster)."""
        import torch

        start = time.monotonic()
        for k in range(round(seconds * 16_000 / self.rate.packet_samples)):
            pcm = torch.full((1, self.rate.packet_samples), level)
            await self.socket.send(self.encoder.step(pcm, [0])[0])
            ahead = start + (k + 1) * self.rate.packet_ms / 1000 / pace - time.monotonic()
            await asyncio.sleep(max(0, ahead))

    async def turn(self):
        """Half a second of speech and the silence that ends it."""
        await self.speak(LOUD, 0.52)
        await self.speak(SILENT, 0.4)

    def of(self, kind):
        return [event for _, event in self.got if isinstance(event, kind)]

    def at(self, kind):
        return [at for at, event in self.got if isinstance(event, kind)]

    def audio(self):
        """Packets by generation; also checks that they belong to the one last begun."""
        sound: dict[int, list[bytes]] = {}
        for _, event in self.got:
            if isinstance(event, native.Begin):
                current = sound.setdefault(event.generation, [])
            elif isinstance(event, native.Packets):
                current += event.packets
        return sound

    async def until(self, kind, count=1, limit_s=30.0):
        """Waits for the count-th event of a kind, sending nothing."""
        async with asyncio.timeout(limit_s):
            while len(self.of(kind)) < count:
                assert not self._reader.done() or self.of(kind), self.got
                await asyncio.sleep(0.005)
        return self.of(kind)[count - 1]

    async def closed(self, limit_s=30.0):
        """The close code and reason of the server."""
        async with asyncio.timeout(limit_s):
            await self._reader
        return self.socket.close_code, self.socket.close_reason


@contextlib.asynccontextmanager
async def calling(server, rate="high", hello=True, **options):
    options = {"subprotocols": [native.SUBPROTOCOL], "compression": None} | options
    async with connect(f"ws://127.0.0.1:{server.port}/call", **options) as socket:
        caller = Caller(socket, RATES[rate])
        if hello:
            await socket.send(native.encode(native.Hello(rate=rate, events=True)))
            await caller.until(native.Welcome)
        yield caller


def serving(settings=QUICK, **parts):
    return Server(settings, fake_parts(**parts))


def with_server(work, settings=QUICK, limit_s=60.0, **parts):
    async def inner():
        async with serving(settings, **parts) as server:
            return await work(server)

    return run(inner(), limit_s)


@pytest.mark.parametrize("rate", RATES)
def test_a_call_greets_hears_and_answers(rate):
    async def work(server):
        async with calling(server, rate) as caller:
            await caller.until(native.End)
            await caller.speak(LOUD, 0.96)
            await caller.speak(SILENT, 0.48)
            end = await caller.until(native.End, 2)
            turn = caller.of(native.TurnInfo)[1]
            sound = caller.audio()
        greeting, answer = caller.of(native.TurnInfo)
        assert (greeting.heard, greeting.said, greeting.generation) == ("", "Hello.", 1)
        assert (turn.heard, turn.said) == ("I feel tired", "You said I feel tired.")
        assert set(answer.latency_ms) == {
            "endpoint", "recognise", "think", "speak_first", "voice_to_voice",
        }  # fmt: skip
        assert sorted(sound) == [1, 2]
        assert end.samples == len(sound[2]) * RATES[rate].packet_samples
        decoder = FakeDecoder(RATES[rate], 1)
        pcm = np.concatenate([decoder.step([p], [0])[0].numpy() for p in sound[2]])
        assert pcm.max() == pytest.approx(0.3, abs=1e-3)

    with_server(work)


def test_two_callers_do_not_hear_each_other():
    async def work(server):
        async with calling(server) as one, calling(server, "low") as two:
            await asyncio.gather(one.until(native.End), two.until(native.End))
            await asyncio.gather(one.turn(), two.turn())
            await asyncio.gather(one.until(native.End, 2), two.until(native.End, 2))
            for caller in (one, two):
                decoder = FakeDecoder(caller.rate, 1)
                for packet in caller.audio()[2]:
                    decoder.step([packet], [0])

    with_server(work)


async def calls_are(server, count):
    """Waits until so many calls are admitted."""
    for _ in range(1000):
        if server.calls == count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{server.calls} calls, expected {count}")


def test_one_caller_too_many_is_told_to_try_later():
    async def work(server):
        async with (
            calling(server),
            calling(server) as second,
            calling(server, hello=False) as third,
        ):
            await third.socket.send(native.encode(native.Hello()))
            assert (await third.closed())[0] == CloseCode.TRY_LATER
            assert third.of(native.Failure)[0].code == CloseCode.TRY_LATER
            await second.until(native.End)
        await calls_are(server, 0)
        async with calling(server):
            assert server.calls == 1

    with_server(work)


HOSTILE = {
    "text for tokens": ("AAAAAAA=", CloseCode.BAD_PAYLOAD),
    "a partial packet": (bytes(4), CloseCode.BAD_PAYLOAD),
    "a packet and a half": (bytes(7), CloseCode.BAD_PAYLOAD),
    "a second hello": ('{"type": "hello"}', CloseCode.PROTOCOL),
    "an unknown type": ('{"type": "dance"}', CloseCode.PROTOCOL),
    "too many tokens at once": (bytes(1030), CloseCode.TOO_BIG),
    "an oversize message": (bytes(100_000), CloseCode.TOO_BIG),
    "an oversize text": (" " * 100_000, CloseCode.TOO_BIG),
    "a flood of speech": (bytes(sum(map(HIGH.packet_bytes, range(96)))), CloseCode.POLICY),
}


@pytest.mark.parametrize(("message", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_caller_is_closed_and_others_are_not_touched(message, code):
    async def work(server):
        async with calling(server) as good, calling(server) as bad:
            with contextlib.suppress(ConnectionClosed):
                for _ in range(4 if code is CloseCode.POLICY else 1):
                    await bad.socket.send(message)
            assert (await bad.closed())[0] == code
            await good.until(native.End)
            await good.turn()
            await good.until(native.End, 2)

    # bytes of zeros are packet 0 of the fake over and over; here only the amount matters
    zeros = {name: Forgiving(rate) for name, rate in RATES.items()}
    with_server(work, codecs=zeros)


class Forgiving(FakeCodec):
    """Takes packets in any place."""

    def stream_decoder(self, slots=1):
        class Decoder(FakeDecoder):
            def _level(self, packet, slot):
                return int.from_bytes(packet[-5:-3], "big", signed=True) / 10_000

        return Decoder(self.rate, slots)


def test_a_flood_of_control_messages_is_closed():
    async def work(server):
        async with calling(server) as caller:
            with contextlib.suppress(ConnectionClosed):
                for _ in range(100):
                    await caller.socket.send('{"type": "played", "generation": 1, "samples": 1}')
            assert (await caller.closed())[0] == CloseCode.POLICY

    tight = dataclasses.replace(QUICK, limits=Limits(messages_per_s=10, burst_s=2))
    with_server(work, tight)


def test_a_wrong_version_is_told():
    async def work(server):
        async with calling(server, hello=False) as caller:
            await caller.socket.send('{"type": "hello", "version": 9}')
            assert (await caller.closed())[0] == CloseCode.WRONG_VERSION
            assert "9" in caller.of(native.Failure)[0].message

    with_server(work)


def test_tokens_before_hello_are_refused():
    async def work(server):
        async with calling(server, hello=False) as caller:
            await caller.socket.send(bytes(5))
            assert (await caller.closed())[0] == CloseCode.UNSUPPORTED

    with_server(work)


def test_a_caller_that_never_says_hello_is_closed_and_takes_no_slot():
    async def work(server):
        async with calling(server, hello=False) as caller:
            assert server.calls == 0
            assert (await caller.closed())[0] == CloseCode.HELLO_TIMEOUT

    with_server(work, dataclasses.replace(QUICK, hello_timeout_s=0.3))


def test_bye_ends_the_call():
    async def work(server):
        async with calling(server) as caller:
            await caller.socket.send(native.encode(native.Bye()))
            assert (await caller.closed())[0] == CloseCode.NORMAL
            assert caller.of(native.Bye)

    with_server(work)


def test_a_caller_that_vanishes_mid_turn_frees_its_slot_and_leaves_a_whole_log(tmp_path):
    async def work(server):
        async with calling(server) as other:
            async with calling(server) as caller:
                await caller.until(native.Packets, 3)
                await caller.speak(LOUD, 0.4)
                caller.socket.transport.abort()
                await calls_are(server, 1)
            await other.turn()
            await other.until(native.End, 2)
        return caller

    caller = with_server(work, dataclasses.replace(QUICK, log_dir=tmp_path))
    calls = [read_call(path) for path in tmp_path.glob("*.jsonl")]
    [cut] = [call for call in calls if len(call.uplink()) == 10]
    assert not cut.truncated
    assert cut.events[-1]["event"] == "closed"
    assert caller.audio()[1] == cut.downlink(1)[: len(caller.audio()[1])]


def test_the_log_holds_the_call_and_no_words(tmp_path):
    async def work(server):
        async with calling(server) as caller:
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.End, 2)
            await caller.socket.send(native.encode(native.Bye()))
            await caller.closed()
        return caller

    caller = with_server(work, dataclasses.replace(QUICK, log_dir=tmp_path))
    [path] = tmp_path.glob("*.jsonl")
    call = read_call(path)
    assert {n: call.downlink(n) for n in call.generations()} == caller.audio()
    assert len(call.uplink()) == 23
    assert "tired" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


class VoiceLost:
    """Speaks the server's apology at start-up, and then never again."""

    def speak(self, text, pace=1.0):
        if any(text in sentences for sentences in WORDS.values()):
            yield from FakeVoice(seconds_per_char=0.002).speak(text)
        else:
            raise RuntimeError("no voice")


def test_a_voice_that_fails_is_apologised_for_without_it():
    talk = FakeConversation()

    async def work(server):
        async with calling(server) as caller:
            await caller.until(native.End)
            assert caller.audio()[2]
            assert ("Hello.", 0) in talk.truncated

    with_server(work, voice=VoiceLost(), conversation=lambda locale: talk)


def test_draining_lets_the_reply_end_and_closes_with_1001():
    greeting = FakeConversation(greeting=reply_of("a" * 40))

    async def work():
        async with serving(conversation=lambda locale: greeting) as server:
            async with calling(server) as caller:
                await caller.until(native.Packets, 3)
                address = f"ws://127.0.0.1:{server.port}/call"
                leaving = asyncio.create_task(server.drain())
                assert (await caller.closed())[0] == CloseCode.GOING_AWAY
                assert caller.of(native.End)
                assert caller.of(native.Bye)
                await leaving
            with pytest.raises(OSError):
                await connect(address)

    run(work())


def test_health_tells_calls_and_slots():
    async def work(server):
        async with calling(server), httpx.AsyncClient() as web:
            answer = await web.get(f"http://127.0.0.1:{server.port}/healthz")
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/json"
            health = json.loads(answer.text)
            assert (health["status"], health["calls"], health["slots"]) == ("ok", 1, 2)

    with_server(work)


async def refused(server, **options):
    with pytest.raises(InvalidStatus) as caught:
        async with calling(server, **options):
            pass
    return caught.value.response.status_code


def test_the_token_is_asked_for_and_taken_both_ways():
    async def work(server):
        assert await refused(server) == 401
        wrong = {"Authorization": "Bearer nonsense"}
        assert await refused(server, additional_headers=wrong) == 401
        async with calling(server, additional_headers={"Authorization": "Bearer let-me-in"}):
            pass
        offered = [native.SUBPROTOCOL, "secousti.token.let-me-in"]
        async with calling(server, subprotocols=offered) as caller:
            assert caller.socket.subprotocol == native.SUBPROTOCOL

    with_server(work, dataclasses.replace(QUICK, token="let-me-in"))


def test_other_pages_and_other_protocols_are_refused():
    async def work(server):
        assert await refused(server, origin="https://evil.example") == 403
        assert await refused(server, subprotocols=["secousti.v2"]) == 400
        async with calling(server, origin=f"http://127.0.0.1:{server.port}"):
            pass
        async with calling(server, origin="https://support.example"):
            pass

    with_server(work, dataclasses.replace(QUICK, allowed_origins=("https://support.example",)))


def test_a_port_in_use_is_one_clear_sentence():
    async def work(server):
        taken = dataclasses.replace(QUICK, port=server.port)
        with pytest.raises(SecoustiError, match="is in use"):
            async with serving(taken):
                pass

    with_server(work)


def test_a_public_address_needs_a_token():
    public = dataclasses.replace(QUICK, host="0.0.0.0")
    with pytest.raises(SecoustiError, match="SECOUSTI_TOKEN"):
        serving(public)
    serving(dataclasses.replace(public, insecure=True))
    serving(dataclasses.replace(public, token="long-enough"))
