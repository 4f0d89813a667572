"""Tokens, origins, and the refusal to stand open by accident."""

from __future__ import annotations

import pytest

from codec.errors import SecoustiError
from server.auth import admits, check_exposure, is_loopback, offered_token, origin_allowed


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_loopback_needs_no_token(host):
    assert is_loopback(host)
    check_exposure(host, None, insecure=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "help.example", ""])
def test_every_other_address_does(host):
    assert not is_loopback(host)
    with pytest.raises(SecoustiError, match="--insecure"):
        check_exposure(host, None, insecure=False)
    check_exposure(host, None, insecure=True)
    check_exposure(host, "a-good-token", insecure=False)


@pytest.mark.parametrize("token", ["", "short", "has space in it", "comma,comma,comma", "é" * 9])
def test_a_token_that_cannot_be_sent_is_refused_at_start(token):
    with pytest.raises(SecoustiError, match="token"):
        check_exposure("127.0.0.1", token, insecure=False)


def test_the_token_comes_in_the_header_or_a_subprotocol():
    assert offered_token("Bearer abc", []) == "abc"
    assert offered_token("bearer  abc ", ["secousti.token.other"]) == "abc"
    assert offered_token("Basic abc", ["secousti.token.abc"]) is None
    assert offered_token(None, ["secousti.v1", "secousti.token.abc"]) == "abc"
    assert offered_token(None, ["secousti.v1"]) is None


def test_only_the_right_token_is_admitted():
    assert admits("right-one", "right-one")
    assert not admits("right-one", "right-one ")
    assert not admits("right-one", "schlüssel")
    assert not admits("right-one", None)
    assert admits(None, None)
    assert admits(None, "anything")


@pytest.mark.parametrize(
    ("origin", "host", "bound", "allowed"),
    [
        (None, "127.0.0.1:8765", "127.0.0.1", True),  # no browser
        ("http://127.0.0.1:8765", "127.0.0.1:8765", "127.0.0.1", True),
        ("http://localhost:8765", "localhost:8765", "127.0.0.1", True),
        ("https://help.example", "help.example", "0.0.0.0", True),
        ("https://friend.example", "help.example", "0.0.0.0", True),  # on the list
        ("https://evil.example", "127.0.0.1:8765", "127.0.0.1", False),
        ("http://127.0.0.1:9999", "127.0.0.1:8765", "127.0.0.1", False),  # another local page
        ("http://evil.example:8765", "evil.example:8765", "127.0.0.1", False),  # DNS rebinding
        ("null", "127.0.0.1:8765", "127.0.0.1", False),
        ("file://127.0.0.1:8765", "127.0.0.1:8765", "127.0.0.1", False),
        ("http://[", "[", "127.0.0.1", False),  # no address at all
    ],
)
def test_pages_may_call_the_server_they_came_from(origin, host, bound, allowed):
    assert origin_allowed(origin, host, ("https://friend.example",), bound) is allowed
