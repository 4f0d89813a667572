"""Who may call: a bearer token, and the web page's origin.

The token comes in the ``Authorization`` header or, for browsers, which cannot set one, as a second
subprotocol ``secousti.token.<token>``. It is never read from the address, which ends up in logs.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from hmac import compare_digest
from urllib.parse import urlsplit

from codec.errors import SecoustiError

TOKEN_SUBPROTOCOL = "secousti.token."
# What may stand in a subprotocol name (RFC 9110 section 5.6.2): a token must fit both ways in.
TOKEN_TEXT = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{8,200}")


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, token: str | None, insecure: bool) -> None:
    """Refuses to open a server to others without a token.

    Raises:
        SecoustiError: no token on a public address, or a token that no client could send.
    """
    if token is not None and not TOKEN_TEXT.fullmatch(token):
        raise SecoustiError(
            "the token has characters a browser cannot send or is not 8-200 long: "
            "use letters, digits and -._~"
        )
    if token is None and not insecure and not is_loopback(host):
        raise SecoustiError(
            f"{host} can be reached by others: set SECOUSTI_TOKEN, or say --insecure to go without"
        )


def offered_token(authorization: str | None, subprotocols: Iterable[str]) -> str | None:
    """The token a client sent, from the header or else from its subprotocols."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None
    for name in subprotocols:
        if name.startswith(TOKEN_SUBPROTOCOL):
            return name.removeprefix(TOKEN_SUBPROTOCOL)
    return None


def admits(expected: str | None, offered: str | None) -> bool:
    """Whether the token fits, in constant time; without an expected one everybody does."""
    if expected is None:
        return True
    return offered is not None and compare_digest(expected.encode(), offered.encode())


def origin_allowed(
    origin: str | None, host_header: str, allowed: Sequence[str], bound_to: str
) -> bool:
    """Whether a page from ``origin`` may call; a client that is no browser sends none.

    A page may call the server it came from. On loopback that server must also be called by a
    loopback name: otherwise any site could point a name of its own at this machine (DNS rebinding).
    """
    if origin is None or origin in allowed:
        return True
    page = urlsplit(origin)
    if page.scheme not in ("http", "https") or page.netloc != host_header:
        return False
    return not is_loopback(bound_to) or is_loopback(page.hostname or "")
