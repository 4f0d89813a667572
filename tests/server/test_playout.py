"""The downlink's clock on a virtual clock: bounded lead, no drift, and what was heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.playout import Playout

PACKET = 640


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_packets_go_at_once_up_to_the_lead_and_then_in_real_time():
    clock = Clock()
    playout = Playout(clock, lead_ms=400)
    playout.begin()
    sent_at = []
    for _ in range(100):
        clock.now += playout.wait_s(PACKET)
        playout.sent(PACKET)
        sent_at.append(clock.now - 100)
    assert sent_at[:10] == pytest.approx([0.0] * 10, abs=1e-9)
    assert sent_at[10:] == pytest.approx([0.04 * (k - 9) for k in range(10, 100)])


@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=80))
def test_the_lead_is_never_exceeded_whatever_the_makers_delays(delays):
    clock = Clock()
    playout = Playout(clock, lead_ms=400)
    playout.begin()
    for delay in delays:
        clock.now += delay
        clock.now += playout.wait_s(PACKET)
        playout.sent(PACKET)
        assert playout.remaining_s() <= 0.4 + 1e-9


def test_a_low_packet_is_sent_even_when_it_alone_is_most_of_the_lead():
    playout = Playout(Clock(), lead_ms=400)
    playout.begin()
    assert playout.wait_s(2560) == 0
    playout.sent(2560)
    assert playout.wait_s(2560) == 0
    playout.sent(2560)
    assert playout.wait_s(2560) == pytest.approx(0.08)


def test_heard_is_what_was_sent_less_what_is_still_queued():
    clock = Clock()
    playout = Playout(clock, lead_ms=400)
    playout.begin()
    playout.sent(6400)
    assert playout.heard_samples() == 0
    clock.now += 0.25
    assert playout.heard_samples() == 4000
    clock.now += 10
    assert playout.heard_samples() == 6400


def test_a_report_of_the_loudspeaker_counts_more_than_our_clock():
    clock = Clock()
    playout = Playout(clock, lead_ms=400)
    generation = playout.begin()
    playout.sent(6400)
    clock.now += 0.3
    playout.played(generation, 1600)
    assert playout.heard_samples() == 1600
    clock.now += 0.1
    assert playout.heard_samples() == 3200
    playout.played(generation, 10**9)  # a client cannot have heard what was not sent
    assert playout.heard_samples() == 6400
    playout.played(generation + 5, 0)  # nor a reply that is not the newest
    assert playout.heard_samples() == 6400


def test_only_the_newest_generation_is_live():
    playout = Playout(Clock(), lead_ms=400)
    assert playout.drop() is None
    first = playout.begin()
    assert playout.is_live(first)
    assert playout.drop() == first
    assert not playout.is_live(first)
    assert playout.drop() is None
    second = playout.begin()
    assert (second, playout.is_live(first), playout.is_live(second)) == (first + 1, False, True)
