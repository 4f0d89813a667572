"""Limits of addresses and tenants: the newcomer is refused, who is in stays in."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.crowd import BURST_S, REMEMBERED, Buckets, Crowd, CrowdFull, Visitor
from server.limits import CrowdLimits


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def crowd(**limits):
    clock = Clock()
    return Crowd(CrowdLimits(**limits), clock), clock


def test_connections_at_once_are_counted_by_address():
    here, _ = crowd(address_connections=2)
    with here.connected("a"):
        assert here.refusal("a") is None
        with here.connected("a"):
            assert "at once" in here.refusal("a")
            assert here.refusal("b") is None
    assert here.refusal("a") is None


def test_a_flood_of_handshakes_is_refused_until_it_ebbs():
    here, clock = crowd(address_handshakes_per_s=2.0)
    assert all(here.refusal("a") is None for _ in range(int(2 * BURST_S)))
    assert "a second" in here.refusal("a")
    assert here.refusal("b") is None
    clock.now += 1.0
    assert [here.refusal("a") is None for _ in range(3)] == [True, True, False]


def test_an_address_that_guesses_tokens_must_wait():
    here, clock = crowd(address_failures_per_s=0.1)
    assert not here.suspects("a")
    for _ in range(3):
        here.failed("a")
    assert here.suspects("a")
    assert not here.suspects("b")
    clock.now += 10.0
    assert not here.suspects("a")


def test_a_tenant_has_so_many_calls_and_the_others_theirs():
    here, _ = crowd(tenant_calls=1, address_calls=2)
    refused = pytest.raises(CrowdFull, match="tenant")
    with here.call(Visitor("a", "north")), refused, here.call(Visitor("b", "north")):
        pass
    refused = pytest.raises(CrowdFull, match="address")
    both = here.call(Visitor("a", "north")), here.call(Visitor("a", "south"))
    with both[0], both[1], refused, here.call(Visitor("a", "west")):
        pass
    with here.call(Visitor("a", "north")):
        pass


def test_a_tenant_calls_so_often():
    here, clock = crowd(tenant_calls_per_minute=4.0)

    def call(tenant):
        with here.call(Visitor("a", tenant)):
            return True

    assert call("north")  # half a minute's worth is two
    assert call("north")
    with pytest.raises(CrowdFull, match="often"):
        call("north")
    assert call("south")
    clock.now += 15.0
    assert call("north")


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_who_leaves_leaves_nothing_behind(names):
    here, _ = crowd()
    with ExitStack() as calls:
        for name in names:
            calls.enter_context(here.call(Visitor(name, name * 2)))
        assert sum(here._tenant_calls.values()) == len(names)
    assert not here._tenant_calls
    assert not here._address_calls


def test_a_million_addresses_do_not_fill_the_memory():
    buckets = Buckets(1.0, Clock())
    for number in range(REMEMBERED + 100):
        buckets.take(str(number))
    assert len(buckets._buckets) == REMEMBERED


@pytest.mark.parametrize("rate", [0.001, 0.02, 1.0, 1000.0])
def test_a_rate_however_low_lets_the_first_one_in(rate):
    assert Buckets(rate, Clock()).take("a")
