"""The vendors that follow Twilio: their own words both ways, and whole calls on virtual time."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.auth import admits
from server.doors import DOORS
from server.wires import native
from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import Digit
from server.wires.sound import PcmFormat
from server.wires.twilio import MULAW, TwilioWire
from server.wires.vendors import ExotelWire, PlivoWire, TelnyxWire, VonageWire
from tests.server.fakes import FakeConversation, reply_of
from tests.server.phones import LOUD, SILENT, Phone
from tests.server.virtual import always, now, over


def text(payload):
    return base64.b64encode(payload).decode()


def data(message):
    return base64.b64decode(message["media"]["payload"])


@dataclass(frozen=True)
class Vendor:
    """What one vendor says (``start`` with a token, sound, key, a mark that was played), and how
    it reads us: ``sound`` and ``mark`` give None for another message."""

    wire: type[TwilioWire]
    form: PcmFormat
    frame_ms: int
    start: Callable[[str], dict[str, Any]]
    media: Callable[[bytes], bytes | dict[str, Any]]
    key: Callable[[str], dict[str, Any]]
    played: Callable[[str], dict[str, Any]]
    sound: Callable[[Any], bytes | None]
    mark: Callable[[Any], str | None]
    clear: dict[str, Any]
    peer_id: str


TELNYX = Vendor(
    wire=TelnyxWire,
    form=PcmFormat("alaw", 8_000),
    frame_ms=20,
    start=lambda token: {
        "event": "start",
        "sequence_number": "1",
        "stream_id": "S1",
        "start": {
            "call_control_id": "v2:abc",
            "custom_parameters": {"token": token},
            "media_format": {"encoding": "PCMA", "sample_rate": 8000, "channels": 1},
        },
    },
    media=lambda payload: {
        "event": "media",
        "stream_id": "S1",
        "media": {"track": "inbound", "payload": text(payload)},
    },
    key=lambda digit: {"event": "dtmf", "stream_id": "S1", "dtmf": {"digit": digit}},
    played=lambda name: {"event": "mark", "stream_id": "S1", "mark": {"name": name}},
    sound=lambda sent: data(sent) if sent.keys() == {"event", "media"} else None,
    mark=lambda sent: sent["mark"]["name"] if sent["event"] == "mark" else None,
    clear={"event": "clear"},
    peer_id="v2:abc",
)
PLIVO = Vendor(
    wire=PlivoWire,
    form=MULAW,
    frame_ms=20,
    start=lambda token: {
        "event": "start",
        "sequenceNumber": 1,
        "start": {
            "callId": "C1",
            "streamId": "S1",
            "accountId": "MA1",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000},
        },
        "extra_headers": f"userId=12345;X-PH-token={token}",
    },
    media=lambda payload: {
        "event": "media",
        "streamId": "S1",
        "media": {"track": "inbound", "chunk": 41, "payload": text(payload)},
    },
    key=lambda digit: {"event": "dtmf", "streamId": "S1", "dtmf": {"digit": digit}},
    played=lambda name: {"event": "playedStream", "streamId": "S1", "name": name},
    sound=lambda sent: data(sent) if sent["event"] == "playAudio" else None,
    mark=lambda sent: sent["name"] if sent["event"] == "checkpoint" else None,
    clear={"event": "clearAudio", "streamId": "S1"},
    peer_id="C1",
)
VONAGE = Vendor(
    wire=VonageWire,
    form=PcmFormat("pcm16", 16_000),
    frame_ms=20,
    start=lambda token: {
        "event": "websocket:connected",
        "content-type": "audio/l16;rate=16000",
        "token": token,
        "call_uuid": "U1",
    },
    media=lambda payload: payload,
    key=lambda digit: {"event": "websocket:dtmf", "digit": digit, "duration": 260},
    played=lambda name: {"event": "websocket:notify", "payload": {"place": name}},
    sound=lambda sent: sent if isinstance(sent, bytes) else None,
    mark=lambda sent: sent["payload"]["place"] if sent.get("action") == "notify" else None,
    clear={"action": "clear"},
    peer_id="U1",
)
EXOTEL = Vendor(
    wire=ExotelWire,
    form=PcmFormat("pcm16", 8_000),
    frame_ms=100,
    start=lambda token: {
        "event": "start",
        "sequence_number": "1",
        "stream_sid": "S1",
        "start": {
            "stream_sid": "S1",
            "call_sid": "C1",
            "account_sid": "A1",
            "custom_parameters": {"token": token},
            "media_format": {"encoding": "audio/x-raw", "sample_rate": "8000", "bit_rate": "16"},
        },
    },
    media=lambda payload: {
        "event": "media",
        "stream_sid": "S1",
        "media": {"chunk": "2", "timestamp": "200", "payload": text(payload)},
    },
    key=lambda digit: {
        "event": "dtmf",
        "stream_sid": "S1",
        "dtmf": {"digit": digit, "duration": "100"},
    },
    played=lambda name: {"event": "mark", "stream_sid": "S1", "mark": {"name": name}},
    sound=lambda sent: data(sent) if sent["event"] == "media" else None,
    mark=lambda sent: sent["mark"]["name"] if sent["event"] == "mark" else None,
    clear={"event": "clear", "stream_sid": "S1"},
    peer_id="C1",
)
VENDORS = {"telnyx": TELNYX, "plivo": PLIVO, "vonage": VONAGE, "exotel": EXOTEL}
EACH = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS.keys())


def raw(message):
    return message if isinstance(message, bytes) else json.dumps(message)


def cooked(message):
    return message if isinstance(message, bytes) else json.loads(message)


KNOWN = partial(admits, "let-me-in")


def started(vendor):
    wire = vendor.wire(KNOWN)
    assert wire.decode(raw(vendor.start("let-me-in"))) == (native.Hello(),)
    return wire


@EACH
def test_the_start_names_call_and_format_and_needs_the_token(vendor):
    wire = started(vendor)
    assert wire.sound.up == wire.sound.down == vendor.form
    assert (wire.peer_id, wire.name) == (vendor.peer_id, vendor.wire.name)
    with pytest.raises(ProtocolError) as caught:
        vendor.wire(KNOWN).decode(raw(vendor.start("guess")))
    assert caught.value.code is CloseCode.POLICY
    with pytest.raises(ProtocolError):
        wire.decode(raw(vendor.start("let-me-in")))
    with pytest.raises(ProtocolError):
        vendor.wire().decode(raw(vendor.media(bytes(320))))


@EACH
def test_sound_keys_and_marks_are_theirs(vendor):
    wire, payload = started(vendor), bytes(range(256)) * 10
    assert wire.decode(raw(vendor.media(payload))) == (native.Packets((payload,)),)
    assert wire.decode(raw(vendor.key("0"))) == (Digit("0"),)
    assert wire.decode(raw(vendor.played("2:400"))) == (native.Played(generation=2, samples=6400),)
    wire.encode(native.Begin(generation=2))
    sent = [cooked(message) for message in wire.encode(native.Packets((payload,) * 10))]
    sounds = [sound for sound in map(vendor.sound, sent) if sound is not None]
    assert sounds == [payload] * 10
    marks = [vendor.mark(message) for message in sent if vendor.sound(message) is None]
    assert marks[0] == "2:200"
    assert [cooked(m) for m in wire.encode(native.Flush(generation=2))] == [vendor.clear]
    assert vendor.mark(cooked(wire.encode(native.End(generation=2, samples=1))[0]))


@EACH
@given(st.lists(st.one_of(st.binary(max_size=9), st.text(max_size=9)), max_size=5), st.booleans())
def test_whatever_comes_is_an_event_or_a_protocol_error(vendor, messages, begun):
    wire = started(vendor) if begun else vendor.wire()
    for message in messages:
        try:
            wire.decode(message)
        except ProtocolError as fault:
            assert fault.code in CloseCode


@EACH
def test_mangled_messages_are_protocol_errors(vendor):
    for message in (vendor.start(""), vendor.key("1"), vendor.played("1:2"), vendor.clear):
        for name in message:
            for broken in (None, 7, [], {}, "x"):
                for wire in (vendor.wire(), started(vendor)):
                    try:
                        wire.decode(json.dumps({**message, name: broken}))
                    except ProtocolError as fault:
                        assert fault.code in CloseCode


@EACH
def test_every_vendor_has_its_door(vendor):
    door = DOORS[f"/{vendor.wire.name}"]
    wire = door.make(None, KNOWN, "GB")
    assert wire.decode(raw(vendor.start("let-me-in"))) == (native.Hello(locale="GB"),)


class VendorPhone(Phone):
    """The vendor's side of a call: a queue with marks, cleared on demand."""

    def __init__(self, vendor):
        super().__init__(vendor.form, vendor.frame_ms)
        self.vendor, self.cleared = vendor, []
        self.say(raw(vendor.start("")))

    def media(self, payload):
        return raw(self.vendor.media(payload))

    def take(self, message):
        sent = cooked(message)
        if sent == self.vendor.clear:
            self.empty()
            self.cleared.append(now())
        elif (sound := self.vendor.sound(sent)) is not None:
            assert len(sound) == self.form.bytes_of(self.frame_ms)
            self.queue(sound)
        else:
            name = self.vendor.mark(sent)
            assert name is not None
            self.mark(self.say, raw(self.vendor.played(name)))


@EACH
def test_a_call_greets_hears_answers_and_yields(vendor):
    talk = FakeConversation(answer=lambda turn: reply_of("a" * 200))

    async def caller(phone):
        await phone.speak(SILENT, 1.0)
        assert phone.heard_s() == pytest.approx(0.1, abs=0.03)
        await phone.turn()
        await phone.speak(SILENT, 1.0)
        await phone.speak(LOUD, 0.6)
        [cleared] = phone.cleared
        # a piece that was playing when the queue was emptied is not counted as heard
        assert phone.heard_s(since=cleared) == 0.0
        assert phone.heard_s() > 0.8
        await phone.speak(SILENT, 0.4)
        [(_, chars)] = talk.truncated
        assert 10 < chars < 40
        assert talk.turns == ["I feel tired"] * 2

    call = over(
        VendorPhone(vendor),
        vendor.wire(),
        lambda phone, _: caller(phone),
        conversation=always(talk),
    )
    assert call.code is CloseCode.NORMAL


def telnyx_chunks(numbers):
    wire, heard = started(TELNYX), []
    for number in numbers:
        message = TELNYX.media(bytes([number]))
        message["media"]["chunk"] = str(number)
        for event in wire.decode(raw(message)):
            lost = isinstance(event, native.Lost)
            heard += [0] * event.packets if lost else [packet[0] for packet in event.packets]
    return heard


def test_telnyx_sound_is_put_back_into_its_order():
    assert telnyx_chunks([1, 3, 2, 5, 4, 6]) == [1, 2, 3, 4, 5, 6]
    assert telnyx_chunks([7, 8, 8, 7, 9]) == [7, 8, 9]  # twice is once


def test_telnyx_sound_that_does_not_come_is_given_up_for_lost():
    assert telnyx_chunks([1, 3, 4, 5, 6, 7, 8]) == [1, 0, 3, 4, 5, 6, 7, 8]
    assert telnyx_chunks([1, 3, 4, 5, 6, 7, 8, 2, 9]) == [1, 0, 3, 4, 5, 6, 7, 8, 9]


@given(st.permutations(range(1, 7)))
def test_telnyx_order_of_near_neighbours_never_matters(numbers):
    first = numbers.index(1)
    assert telnyx_chunks([1, *numbers[:first], *numbers[first + 1 :]]) == [1, 2, 3, 4, 5, 6]
