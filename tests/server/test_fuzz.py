"""Whatever a caller sends, in whatever order, its session ends with a code of the table."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec.rates import HIGH
from server.wires import native
from server.wires.asterisk import AsteriskWire
from server.wires.audiosocket import IDENTITY, AudioSocketWire, frame
from server.wires.closing import MEANING
from server.wires.realtime import RealtimeWire
from server.wires.twilio import MULAW, TwilioWire
from server.wires.vendors import ExotelWire, PlivoWire, TelnyxWire, VonageWire
from tests.server.fakes import FakeEncoder
from tests.server.phones import Phone
from tests.server.virtual import over, virtually
from tests.server.wires.test_asterisk import start
from tests.server.wires.test_twilio import START
from tests.server.wires.test_vendors import EXOTEL, PLIVO, TELNYX, VONAGE


def packets(count):
    encoder = FakeEncoder(HIGH, 1)
    return b"".join(encoder._packet(0.3, 0) for _ in range(count))


messages = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    st.binary(min_size=1000, max_size=1100),
    st.just("x" * 5000),
    st.builds(packets, st.integers(1, 30)),
    st.builds(
        lambda generation, samples: native.encode(
            native.Played(generation=generation, samples=samples)
        ),
        st.integers(1, 2**31),
        st.integers(0, 2**40),
    ),
    st.sampled_from(
        [
            '{"type": "hello"}',
            '{"type": "bye"}',
            '{"type": "played", "generation": 1, "samples": 1e99}',
            '{"type": "begin", "generation": 1}',
            '{"type": null}',
            "[" * 3000,
        ]
    ),
)


@settings(max_examples=200)
@given(st.lists(st.tuples(messages, st.floats(0, 0.5)), max_size=12))
def test_any_messages_in_any_order_end_in_a_known_way(sent):
    async def caller(line, session):
        for message, pause in sent:
            line._up.put_nowait(message)
            await asyncio.sleep(pause)

    assert virtually(caller).code in MEANING


WIRES = {
    "twilio": (TwilioWire, json.dumps(START)),
    "telnyx": (TelnyxWire, json.dumps(TELNYX.start(""))),
    "plivo": (PlivoWire, json.dumps(PLIVO.start(""))),
    "vonage": (VonageWire, json.dumps(VONAGE.start(""))),
    "exotel": (ExotelWire, json.dumps(EXOTEL.start(""))),
    "asterisk": (AsteriskWire, start()),
    "audiosocket": (lambda: AudioSocketWire(lambda _: True), frame(IDENTITY, bytes(16))),
    "realtime": (lambda: RealtimeWire("sess_1"), '{"type": "response.create"}'),
}


class Mute(Phone):
    """Takes whatever it is sent."""

    def __init__(self):
        super().__init__(MULAW)

    def take(self, message):
        pass


others = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    st.just("x" * 20_000),
    st.just(frame(0x10, bytes(320))),
    st.sampled_from(['{"event": "media", "media": {"payload": "AAAA"}}', '{"event": "stop"}']),
    st.sampled_from(['{"event": "dtmf", "dtmf": {"digit": "0"}}', '{"event": "MEDIA_XOFF"}']),
    st.builds(
        lambda kind, value: json.dumps({"type": kind, "session": value, "audio": value}),
        st.sampled_from(list(RealtimeWire("x")._handlers)),
        st.sampled_from([None, {}, "AAAA", [], 7]),
    ),
)


@settings(max_examples=15)
@pytest.mark.parametrize(("make", "opening"), WIRES.values(), ids=WIRES.keys())
@given(st.lists(st.tuples(others, st.floats(0, 0.5)), max_size=10), st.booleans())
def test_every_wire_ends_whatever_comes_in_a_known_way(make, opening, sent, opened):
    async def caller(phone, _):
        for message, pause in ([(opening, 0.1)] if opened else []) + sent:
            phone.say(message)
            await asyncio.sleep(pause)

    assert over(Mute(), make(), caller).code in MEANING
