"""Who may call: a bearer token, a vendor's signature, and the web page's origin.

The token comes in the ``Authorization`` header or, for browsers, which cannot set one, as a second
subprotocol ``secousti.token.<token>``. It is never read from the address, which ends up in logs.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import re
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping, Sequence
from hmac import compare_digest
from pathlib import Path
from urllib.parse import urlsplit

from codec.errors import SecoustiError

TOKEN_SUBPROTOCOLS = ("secousti.token.", "openai-insecure-api-key.")
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


def check_exposure(
    host: str, token: str | None, insecure: bool, tokens: Path | None = None
) -> None:
    """Refuses to open a server to others without a token, or a file of ``tokens``.

    Raises:
        SecoustiError: no token on a public address, or a token that no client could send.
    """
    if token is not None and not TOKEN_TEXT.fullmatch(token):
        raise SecoustiError(
            "the token has characters a browser cannot send or is not 8-200 long: "
            "use letters, digits and -._~"
        )
    if token is None and tokens is None and not insecure and not is_loopback(host):
        raise SecoustiError(
            f"{host} can be reached by others: set SECOUSTI_TOKEN or SECOUSTI_TOKENS, "
            "or say --insecure to go without"
        )


def offered_token(authorization: str | None, subprotocols: Iterable[str]) -> str | None:
    """The token a client sent, from the header or else from its subprotocols."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "basic":  # for those who can only send a name and a password
            return _password(token.strip())
        return token.strip() if scheme.lower() == "bearer" else None
    for name in subprotocols:
        for prefix in TOKEN_SUBPROTOCOLS:
            if name.startswith(prefix):
                return name.removeprefix(prefix)
    return None


def admits(expected: str | None, offered: str | None) -> bool:
    """Whether the token fits, in constant time; without an expected one everybody does."""
    if expected is None:
        return True
    if offered is None:
        return False
    return compare_digest(expected.encode(), offered.encode(errors="surrogatepass"))


def twilio_signed(
    auth_token: str, url: str, signature: str | None, parameters: Mapping[str, str] | None = None
) -> bool:
    """Whether Twilio, who knows ``auth_token``, has asked for ``url`` with form ``parameters``.

    HMAC-SHA1 over the address and the sorted parameters, in base64 (Twilio, "Validating requests").
    The address is signed with or without its port, so both are tried. There is no time in it: what
    was signed once stays valid, which is why streams also bring our own token.
    """
    if signature is None:
        return False
    rest = "".join(name + value for name, value in sorted((parameters or {}).items()))
    try:
        addresses = _with_and_without_port(url)
    except ValueError:  # a host header that is no host
        return False
    signed = [_hmac_sha1(auth_token, address + rest) for address in addresses]
    given = signature.encode(errors="surrogatepass")
    return any([compare_digest(one, given) for one in signed])


def _hmac_sha1(key: str, text: str) -> bytes:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha1"))


def _with_and_without_port(url: str) -> list[str]:
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
    return [parts._replace(netloc=netloc).geturl() for netloc in (host, f"{host}:{port}")]


def _password(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (Base64Error, UnicodeDecodeError):
        return None


def origin_allowed(
    origin: str | None, host_header: str, allowed: Sequence[str], bound_to: str
) -> bool:
    """Whether a page from ``origin`` may call; a client that is no browser sends none.

    A page may call the server it came from. On loopback that server must also be called by a
    loopback name: otherwise any site could point a name of its own at this machine (DNS rebinding).
    """
    if origin is None or origin in allowed:
        return True
    try:
        page = urlsplit(origin)
    except ValueError:  # no address at all
        return False
    if page.scheme not in ("http", "https") or page.netloc != host_header:
        return False
    return not is_loopback(bound_to) or is_loopback(page.hostname or "")
