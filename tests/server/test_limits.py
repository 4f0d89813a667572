"""Limits on a virtual clock: bursts are caught up, floods are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.limits import Bucket, Limits, Meter
from server.wires.closing import CloseCode, ProtocolError


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_bucket_holds_a_burst_and_fills_at_its_rate():
    clock = Clock()
    bucket = Bucket(10, 2, clock)
    assert bucket.take(20)
    assert not bucket.take(1)
    clock.now += 0.1
    assert bucket.take(1)
    clock.now += 100
    assert bucket.take(20)
    assert not bucket.take(0.5)


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 5)), max_size=60))
def test_a_bucket_never_gives_more_than_burst_and_rate(steps):
    clock, bucket, taken = Clock(), None, 0.0
    bucket = Bucket(3, 2, clock)
    for wait, amount in steps:
        clock.now += wait
        taken += amount if bucket.take(amount) else 0
        assert taken <= 6 + 3 * clock.now + 1e-6


def test_a_live_caller_is_never_limited_even_after_a_stall():
    clock = Clock()
    meter = Meter(Limits(), clock)
    for _ in range(100):
        meter.message(5)
        meter.audio(0.04)
        clock.now += 0.04
    clock.now += 5  # the network stalls, then everything comes at once
    for _ in range(125):
        meter.message(5)
        meter.audio(0.04)


def test_who_was_held_up_by_us_may_send_what_came_meanwhile_and_no_more():
    clock = Clock()
    meter = Meter(Limits(), clock)
    clock.now += 60
    meter.held_up(60)
    for _ in range(1_500):  # a minute of speech
        meter.message(5)
        meter.audio(0.04)
    with pytest.raises(ProtocolError, match="real time"):
        for _ in range(1_500):
            meter.audio(0.04)


FLOODS = {
    "messages": (lambda meter: meter.message(1), "messages"),
    "bytes": (lambda meter: meter.message(4096), "bytes"),
    "speech": (lambda meter: meter.audio(1.0), "real time"),
}


@pytest.mark.parametrize(("send", "word"), FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_is_a_policy_fault(send, word):
    meter = Meter(Limits(), Clock())
    with pytest.raises(ProtocolError, match=word) as caught:
        for _ in range(1000):
            send(meter)
    assert caught.value.code is CloseCode.POLICY
