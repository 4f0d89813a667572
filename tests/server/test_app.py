"""A server on a real socket: who gets in, a whole call, and the way out."""

from __future__ import annotations

import asyncio
import dataclasses

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from codec.errors import SecoustiError
from codec.rates import RATES
from server.calllog import read_call
from server.dialogue import WORDS
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import (
    FakeConversation,
    FakeDecoder,
    FakeVoice,
    reply_of,
    run,
)
from tests.server.sockets import LOUD, QUICK, SILENT, calling, calls_are, serving, with_server


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
