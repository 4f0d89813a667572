"""Asterisk's chan_websocket: message for message, and whole calls on virtual time."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.wires import native
from server.wires.asterisk import FORMATS, AsteriskWire
from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import Digit, Flow
from tests.server.fakes import FakeConversation, reply_of
from tests.server.phones import LOUD, SILENT, ChannelPhone
from tests.server.virtual import always, now, over


def start(form="slin16", channel="1.7"):
    return json.dumps({"event": "MEDIA_START", "channel_id": channel, "format": form})


def started():
    wire = AsteriskWire()
    assert wire.decode(start()) == (native.Hello(),)
    return wire


def event(name, **fields):
    return json.dumps({"event": name, **fields})


@given(st.sampled_from(sorted(FORMATS)), st.binary(min_size=1, max_size=400))
def test_the_format_is_announced_and_sound_goes_through_both_ways(name, data):
    wire = AsteriskWire(locale="GB")
    assert wire.decode(start(name)) == (native.Hello(locale="GB"),)
    assert wire.sound.up == wire.sound.down == FORMATS[name]
    assert wire.peer_id == "1.7"
    assert wire.decode(data) == (native.Packets((data,)),)
    assert wire.encode(native.Packets((data,))) == (data,)


def test_what_asterisk_says_is_understood():
    wire = started()
    assert wire.decode(event("DTMF_END", digit="0")) == (Digit("0"),)
    assert wire.decode(event("MEDIA_XOFF")) == (Flow(open=False),)
    assert wire.decode(event("MEDIA_XON")) == (Flow(open=True),)
    mark = event("MEDIA_MARK_PROCESSED", correlation_id="2:400")
    assert wire.decode(mark) == (native.Played(generation=2, samples=6400),)
    for other in ("QUEUE_DRAINED", "STATUS", "ERROR", "SOMETHING_NEW"):
        assert wire.decode(event(other)) == ()
    assert wire.decode(b"") == ()


def test_what_we_say_is_short_and_marked():
    wire = started()
    wire.encode(native.Begin(generation=3))
    sent = [message for _ in range(25) for message in wire.encode(native.Packets((bytes(640),)))]
    sent += wire.encode(native.End(generation=3, samples=8000))
    marks = [json.loads(message) for message in sent if isinstance(message, str)]
    assert [mark["correlation_id"] for mark in marks] == ["3:200", "3:400", "3:500"]
    assert {mark["command"] for mark in marks} == {"MARK_MEDIA"}
    assert wire.encode(native.Flush(generation=3)) == ('{"command":"FLUSH_MEDIA"}',)
    assert wire.encode(native.Bye()) == ('{"command":"HANGUP"}',)
    assert wire.encode(native.Caption(text="so")) == ()


FAULTS = {
    "plain text control": ("MEDIA_START connection_id:x", CloseCode.UNSUPPORTED),
    "not JSON": ("{", CloseCode.BAD_PAYLOAD),
    "a second start": (start(), CloseCode.PROTOCOL),
    "a digit that is none": (event("DTMF_END", digit=5), CloseCode.BAD_PAYLOAD),
}


@pytest.mark.parametrize(("message", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_have_their_close_code(message, code):
    with pytest.raises(ProtocolError) as caught:
        started().decode(message)
    assert caught.value.code is code


@pytest.mark.parametrize("first", [b"sound", event("MEDIA_XON"), start("opus"), start(channel="")])
def test_a_call_begins_with_a_start_that_we_can_speak(first):
    with pytest.raises(ProtocolError):
        AsteriskWire().decode(first)


@given(st.lists(st.one_of(st.binary(max_size=20), st.text(max_size=20), st.just(start()))))
def test_whatever_comes_is_an_event_or_a_protocol_error(messages):
    wire = AsteriskWire()
    for message in messages:
        with contextlib.suppress(ProtocolError):
            wire.decode(message)


# Whole calls.


def call(work, phone=None, **parts):
    return over(phone or ChannelPhone(), AsteriskWire(), lambda line, _: work(line), **parts)


@pytest.mark.parametrize("name", FORMATS)
def test_a_call_greets_hears_and_answers(name):
    talk = FakeConversation()

    async def caller(phone):
        assert await phone.listen(1.0) == pytest.approx(0.1, abs=0.021)  # "Hello."
        await phone.turn()
        await phone.listen(2.0)
        assert talk.turns == ["I feel tired"]
        assert talk.truncated == []
        assert phone.heard_s(since=1.0) == pytest.approx(0.4, abs=0.05)

    phone = ChannelPhone(name)
    assert call(caller, phone, conversation=always(talk)).code is CloseCode.NORMAL
    assert phone.hung_up


def test_barge_in_flushes_and_no_flushed_sound_is_heard():
    talk = FakeConversation(greeting=reply_of("a" * 200))

    async def caller(phone):
        await phone.speak(SILENT, 1.0)
        begun = now()
        await phone.speak(LOUD, 0.6)
        [flushed] = phone.flushed
        assert flushed - begun < 0.3
        assert phone.heard_s(since=flushed + 0.02) == 0.0
        heard = phone.heard_s()
        await phone.listen(2.0)
        [(_, chars)] = talk.truncated
        assert chars == pytest.approx(15 * heard, abs=8)

    call(caller, conversation=always(talk))


def test_a_full_queue_is_waited_for_and_a_barge_in_gets_through_it():
    """Its warning comes at 10 frames, half our lead; no frame may come that must be dropped."""
    talk = FakeConversation(greeting=reply_of("a" * 200))

    async def caller(phone):
        await phone.speak(SILENT, 1.5)
        assert phone.told.count("MEDIA_XOFF") > 1
        assert phone.heard_s() > 1.3
        await phone.turn()
        assert len(phone.flushed) == 1
        await phone.listen(2.0)
        assert phone.heard_s(since=phone.flushed[0]) > 0.3

    call(caller, ChannelPhone(room=(40, 10, 8)), conversation=always(talk))
