"""Missing chunks are found by their numbers and times, and whatever numbers come do no harm."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.line import PcmLine
from server.wires import native
from server.wires.gaps import AT_ONCE, Numbered, Timed
from server.wires.twilio import TwilioWire
from server.wires.vendors import ExotelWire, TelnyxWire
from tests.server.fakes import FakeConversation, reply_of
from tests.server.phones import TwilioPhone
from tests.server.virtual import always, over
from tests.server.wires.test_twilio import started
from tests.server.wires.test_vendors import EXOTEL, TELNYX, text

CHUNK_MS = 20
# Chunks that are sent, of which those that are False never come; no gap is over the limit.
streams = st.lists(st.booleans(), min_size=2, max_size=120).filter(
    lambda sent: sent[0] and sent[-1] and "0" * (AT_ONCE + 1) not in "".join("01"[s] for s in sent)
)


@given(streams)
def test_numbers_tell_all_that_is_missing(sent):
    numbered = Numbered()
    got = sum(1 + numbered.missing(k) for k, came in enumerate(sent, 1) if came)
    assert got == len(sent)


@given(streams, st.data())
def test_times_tell_it_too_though_they_are_not_exact(sent, data):
    """What is one chunk late may be rounding: it is made up with the next one that is missing."""
    timed, got = Timed(), 0
    for k, came in enumerate(sent):
        if came:
            at_ms = 1000 + k * CHUNK_MS + data.draw(st.integers(-5, 5))
            got += 1 + timed.missing(at_ms, CHUNK_MS)
    assert len(sent) - 2 <= got <= len(sent) + 1


@given(streams)
def test_what_both_tell_is_made_up_once(sent):
    numbered, timed, got = Numbered(), Timed(), 0
    for k, came in enumerate(sent):
        if came:
            got += 1 + timed.missing(k * CHUNK_MS, CHUNK_MS, numbered.missing(k))
    assert got == len(sent)


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), max_size=20))
def test_no_number_makes_up_more_than_a_second_at_once(pairs):
    numbered, timed = Numbered(), Timed()
    for number, at_ms in pairs:
        assert 0 <= timed.missing(at_ms, CHUNK_MS, numbered.missing(number)) <= AT_ONCE


def message(vendor, number, payload=bytes(160), at_ms=None):
    media = {"track": "inbound", "chunk": str(number), "payload": text(payload)}
    if at_ms is not None:
        media["timestamp"] = str(at_ms)
    return json.dumps({"event": "media", "stream_id": "S1", "media": media})


def wire_of(vendor):
    if vendor is TwilioWire:
        return started()
    wire = vendor()
    wire.decode(json.dumps({TelnyxWire: TELNYX, ExotelWire: EXOTEL}[vendor].start("")))
    return wire


@pytest.mark.parametrize("vendor", [TwilioWire, ExotelWire, TelnyxWire])
@given(sent=streams)
def test_the_clock_of_a_call_is_kept_on_every_wire_that_counts(vendor, sent):
    """As many samples are heard as were sent, whatever did not come."""
    wire = wire_of(vendor)
    line, heard = PcmLine(wire.sound), 0
    chunk = bytes(wire.sound.up.bytes_of(CHUNK_MS))
    numbers = [k for k, came in enumerate(sent, 1) if came]
    numbers += range(len(sent) + 1, len(sent) + 8)  # Telnyx waits for what may come yet
    for number in numbers:
        for event in wire.decode(message(vendor, number, chunk)):
            lost = isinstance(event, native.Lost)
            packets = [None] * event.packets if lost else event.packets
            heard += line.samples(packets)
    assert heard == (len(sent) + 7) * CHUNK_MS * 16


def test_twilio_sound_that_was_never_counted_is_missed_by_its_time():
    wire = started()
    assert wire.decode(message(wire, 1, at_ms=0)) == (native.Packets((bytes(160),)),)
    later = wire.decode(message(wire, 2, at_ms=120))
    assert later == (native.Lost(packets=5), native.Packets((bytes(160),)))
    assert wire.decode(message(wire, 3, at_ms=140)) == (native.Packets((bytes(160),)),)


class LossyPhone(TwilioPhone):
    """Loses every ``nth`` piece of the caller's sound on its way to us; 0: none."""

    def __init__(self, nth):
        self.nth, self.chunk = nth, 0
        super().__init__()

    def media(self, payload):
        self.chunk += 1
        place = {"chunk": str(self.chunk), "timestamp": str(20 * self.chunk)}
        return self.message("media", {"track": "inbound", "payload": text(payload), **place})

    def say(self, message):
        lost = self.nth and '"media"' in message and self.chunk % self.nth == 0
        if not lost or '"start"' in message:
            super().say(message)


def turn_over(nth):
    """When a turn over such a line ends by the ears' clock, and how many pieces were made up."""
    turns, counts = [], []

    def answer(turn):
        turns.append(turn)
        return reply_of("I see.")

    async def caller(phone, session):
        await phone.listen(1.0)
        await phone.turn()
        await phone.listen(1.0)
        value = session._house.metrics.registry.get_sample_value
        counts.append(value("secousti_lost_packets_total", {"wire": "twilio"}))

    talk = FakeConversation(answer=answer)
    over(LossyPhone(nth), TwilioWire(), caller, conversation=always(talk))
    [turn], [lost] = turns, counts
    return turn.t_end, lost or 0


def test_a_turn_over_a_lossy_line_ends_when_it_did():
    whole, none = turn_over(0)
    lossy, lost = turn_over(3)
    assert none == 0
    assert lost == pytest.approx(150 / 3, abs=2)  # of three seconds
    assert lossy == pytest.approx(whole, abs=0.07)  # a word's end may be made up for 60 ms
