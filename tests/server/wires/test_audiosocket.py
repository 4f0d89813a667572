"""AudioSocket: frame for frame, whole calls on virtual time, and over a real TCP stream."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import SecoustiError
from server.settings import ServerSettings
from server.tcp import AudioSocketListener
from server.wires import native
from server.wires.audiosocket import HANGUP, HEADER, IDENTITY, KEY, RATES_HZ, AudioSocketWire, frame
from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import Digit, HungUp
from server.wires.sound import PcmFormat
from tests.server.fakes import FakeConversation, reply_of
from tests.server.phones import CALL_UUID, LOUD, SILENT, AsteriskPhone
from tests.server.sockets import QUICK, calls_are, with_server
from tests.server.virtual import always, now, over

FRAME = bytes(320)


def everybody(uuid):
    return True


def identified():
    wire = AudioSocketWire(everybody)
    assert wire.decode(frame(IDENTITY, CALL_UUID.bytes)) == ()
    return wire


@given(st.sampled_from(sorted(RATES_HZ)), st.binary(min_size=2, max_size=400))
def test_the_first_audio_names_the_rate_and_sound_goes_through_both_ways(kind, data):
    data = data[: len(data) // 2 * 2]
    wire = identified()
    hello, sound = wire.decode(frame(kind, data))
    assert isinstance(hello, native.Hello)
    assert sound == native.Packets((data,))
    assert wire.sound.up == wire.sound.down == PcmFormat("pcm16", RATES_HZ[kind])
    assert wire.decode(frame(kind, data)) == (sound,)
    assert wire.encode(sound) == (frame(kind, data),)
    assert wire.peer_id == str(CALL_UUID)


def test_keys_hang_ups_and_the_end():
    wire = identified()
    wire.decode(frame(0x10, FRAME))
    assert wire.decode(frame(KEY, b"0")) == (Digit("0"),)
    assert wire.decode(frame(KEY, b"\xff")) == ()
    assert wire.decode(frame(0x10, b"")) == ()
    for kind in (HANGUP, 0xFF):
        [end] = wire.decode(frame(kind, b""))
        assert isinstance(end, HungUp)
    assert (
        wire.encode(native.Bye())
        == wire.encode(native.Failure(code=1011, message=""))
        == (b"\x00\x00\x00",)
    )
    for event in (native.Begin(generation=1), native.Flush(generation=1)):
        assert wire.encode(event) == ()


FAULTS = {
    "text": ("hello", CloseCode.BAD_PAYLOAD),
    "half a header": (b"\x10\x00", CloseCode.BAD_PAYLOAD),
    "a wrong length": (b"\x10\x01\x40" + bytes(10), CloseCode.BAD_PAYLOAD),
    "half a sample": (frame(0x10, bytes(3)), CloseCode.UNSUPPORTED),
    "an unknown kind": (frame(0x42, FRAME), CloseCode.UNSUPPORTED),
    "192 kHz": (frame(0x18, FRAME), CloseCode.UNSUPPORTED),
    "another rate": (frame(0x12, FRAME), CloseCode.PROTOCOL),
}


@pytest.mark.parametrize(("message", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_have_their_close_code(message, code):
    wire = identified()
    wire.decode(frame(0x10, FRAME))
    with pytest.raises(ProtocolError) as caught:
        wire.decode(message)
    assert caught.value.code is code


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_whatever_comes_is_an_event_or_a_protocol_error(messages):
    wire = AudioSocketWire(everybody)
    for message in messages:
        with contextlib.suppress(ProtocolError):
            wire.decode(message)


@pytest.mark.parametrize("first", [frame(0x10, FRAME), frame(IDENTITY, bytes(15))])
def test_without_a_uuid_nobody_is_heard(first):
    with pytest.raises(ProtocolError):
        AudioSocketWire(everybody).decode(first)


def test_a_call_that_nobody_expects_is_refused():
    wire = AudioSocketWire(lambda uuid: uuid == CALL_UUID)
    with pytest.raises(ProtocolError) as caught:
        wire.decode(frame(IDENTITY, UUID(int=7).bytes))
    assert caught.value.code is CloseCode.POLICY
    assert wire.decode(frame(IDENTITY, CALL_UUID.bytes)) == ()


# Whole calls.


def call(work, phone=None, **parts):
    return over(
        phone or AsteriskPhone(), AudioSocketWire(everybody), lambda line, _: work(line), **parts
    )


@pytest.mark.parametrize("kind", RATES_HZ)
def test_a_call_greets_hears_and_answers(kind):
    talk = FakeConversation()

    async def caller(phone):
        assert await phone.listen(1.0) == pytest.approx(0.1, abs=0.021)  # "Hello."
        await phone.turn()
        await phone.listen(2.0)
        assert talk.turns == ["I feel tired"]
        assert phone.heard_s(since=1.0) == pytest.approx(0.4, abs=0.05)

    phone = AsteriskPhone(kind)
    assert call(caller, phone, conversation=always(talk)).code is CloseCode.NORMAL
    assert phone.hung_up


def test_frames_go_one_each_20_ms_and_never_more_than_two_ahead():
    talk = FakeConversation(greeting=reply_of("x" * 500))

    async def caller(phone):
        await phone.speak(SILENT, 12.0)
        times = [at for at, message in phone.got if message[0] == phone.kind]
        assert len(times) > 400
        ahead = [0.02 * (k + 1) - (at - times[0]) for k, at in enumerate(times)]
        assert max(ahead) <= 0.04 + 1e-6
        assert min(ahead) >= 0.02 - 1e-6

    call(caller, conversation=always(talk))


def test_after_a_barge_in_the_caller_hears_at_most_two_frames_more():
    talk = FakeConversation(greeting=reply_of("a" * 200))

    async def caller(phone):
        await phone.speak(SILENT, 1.0)
        begun = now()
        await phone.speak(LOUD, 0.6)
        last = max(at + seconds for at, seconds, _ in phone.played)
        # 96 ms to notice, 64 to be sure that it is no noise, 30 of resampling, two frames
        assert last - begun < 0.25
        heard = phone.heard_s()
        await phone.listen(2.0)
        [(_, chars)] = talk.truncated
        assert chars == pytest.approx(15 * heard, abs=2)

    call(caller, conversation=always(talk))


def test_the_agent_can_hang_up():
    talk = FakeConversation(greeting=reply_of("Goodbye.", end_call=True))
    phone = AsteriskPhone()

    async def caller(phone):
        await phone.listen(1.0)
        assert phone.hung_up

    assert call(caller, phone, conversation=always(talk)).reason == "the agent said goodbye"


# Over TCP.

OPEN = dataclasses.replace(QUICK, audiosocket_port=0)


async def dial(server, uuid=CALL_UUID):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.audiosocket_port)
    writer.write(frame(IDENTITY, uuid.bytes))
    return reader, writer


async def listen(reader):
    """Everything until the hang-up: sound, and whether we were hung up on."""
    sound = b""
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            kind, length = HEADER.unpack(await reader.readexactly(HEADER.size))
            if kind == HANGUP:
                return sound, True
            sound += await reader.readexactly(length)
    return sound, False


async def talk_to(server, uuid=CALL_UUID):
    """A whole conversation in real time; seconds of the agent's voice."""
    reader, writer = await dial(server, uuid)
    listening = asyncio.create_task(listen(reader))
    form = PcmFormat("pcm16", 8_000)
    for level, count in ((SILENT, 20), (LOUD, 30), (SILENT, 60)):
        for _ in range(count):
            writer.write(frame(0x10, form.encode(np.full(160, level, np.float32))))
            await asyncio.sleep(0.02)
    writer.write_eof()
    sound, _ = await listening
    writer.close()
    return (np.abs(form.decode(sound)) > 0.1).sum() / 8_000


def test_a_call_over_tcp_is_answered_and_its_slot_comes_back():
    async def work(server):
        assert await talk_to(server) > 0.4
        await calls_are(server, 0)

    with_server(work, OPEN)


def test_only_expected_calls_get_through_and_others_are_hung_up_on():
    async def work(server):
        reader, writer = await dial(server, UUID(int=7))
        assert await listen(reader) == (b"", True)
        writer.close()
        reader, writer = await dial(server)
        writer.write(frame(0x10, FRAME))
        kind, _ = HEADER.unpack(await reader.readexactly(HEADER.size))
        assert kind == 0x10
        writer.close()

    with_server(work, dataclasses.replace(OPEN, audiosocket_calls=(str(CALL_UUID),)))


def test_a_connection_torn_off_frees_its_slot():
    async def work(server):
        _, writer = await dial(server)
        writer.write(frame(0x10, FRAME))
        await calls_are(server, 1)
        writer.transport.abort()
        await calls_are(server, 0)

    with_server(work, OPEN)


def test_draining_hangs_up_politely():
    async def work(server):
        reader, writer = await dial(server)
        writer.write(frame(0x10, FRAME))
        await calls_are(server, 1)
        listening = asyncio.create_task(listen(reader))
        await server.drain()
        assert (await listening)[1]
        writer.close()

    with_server(work, OPEN)


def refusal(**settings):
    with pytest.raises(SecoustiError) as caught:
        AudioSocketListener(ServerSettings(**settings), None, None)
    return str(caught.value)


def test_a_public_address_needs_expected_calls():
    assert "audiosocket_calls" in refusal(audiosocket_host="0.0.0.0", audiosocket_port=0)
    assert "no UUID" in refusal(audiosocket_calls=("seven",))
    public = ServerSettings(audiosocket_host="0.0.0.0", audiosocket_port=0)
    AudioSocketListener(public, None, everybody)
    AudioSocketListener(dataclasses.replace(public, insecure=True), None, None)
    AudioSocketListener(dataclasses.replace(public, audiosocket_port=None), None, None)
    listed = dataclasses.replace(public, audiosocket_calls=(str(CALL_UUID),))
    AudioSocketListener(listed, None, None)


def test_a_port_in_use_is_one_clear_sentence():
    async def work(server):
        taken = dataclasses.replace(OPEN, audiosocket_port=server.audiosocket_port)
        with pytest.raises(SecoustiError, match="audiosocket_port"):
            await AudioSocketListener(taken, None, None).start()

    with_server(work, OPEN)
