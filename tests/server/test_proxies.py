"""Whose address a connection has: what a caller writes himself is never believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import SecoustiError
from server.proxies import UNKNOWN, Proxies, peer_address

TRUSTING = Proxies(("10.0.0.0/8", "::1"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.5", [], "203.0.113.5"),
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),  # no proxy of ours
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # 1.1.1.1 is the caller's claim
        ("10.0.0.1", ["198.51.100.1", "10.2.3.4"], "198.51.100.1"),  # two proxies of ours
        ("10.0.0.1", ["198.51.100.1, 10.2.3.4"], "198.51.100.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, "], "10.0.0.1"),
        ("::1", ["2001:db8:1:2:3::4"], "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("fe80::1%eth0", [], "fe80::/64"),
        (None, ["198.51.100.1"], UNKNOWN),
        ("", [], UNKNOWN),
    ],
)
def test_the_address_is_the_nearest_that_no_proxy_of_ours_has(peer, forwarded, expected):
    assert TRUSTING.address(peer, forwarded) == expected


@given(st.lists(st.text(), max_size=4), st.lists(st.ip_addresses(v=4).map(str), max_size=4))
def test_whatever_a_caller_claims_changes_nothing(lies, addresses):
    claimed = [", ".join([*lies, *addresses])]
    assert Proxies().address("203.0.113.5", claimed) == "203.0.113.5"
    assert TRUSTING.address("10.0.0.1", [*claimed, "203.0.113.5"]) == "203.0.113.5"


def test_a_network_that_is_none_is_named():
    with pytest.raises(SecoustiError, match=r"trusted_proxies.*10\.0\.0\.300"):
        Proxies(("10.0.0.300",))


def test_a_socket_without_an_address_has_none():
    assert peer_address(("1.2.3.4", 5)) == "1.2.3.4"
    assert peer_address("") is None
