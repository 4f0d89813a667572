"""The ways in over websockets: which path speaks which wire, and who may come in by it.

A caller's side that can set headers brings the server's token in one; a telephone vendor that
cannot brings it inside the stream, and its wire asks for it. Pages elsewhere stay out of all.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request
from websockets.typing import Subprotocol

from server.auth import offered_token, origin_allowed, twilio_signed
from server.http import path_of
from server.settings import ServerSettings
from server.tenants import Tenants
from server.wires import native
from server.wires.asterisk import SUBPROTOCOL as MEDIA
from server.wires.asterisk import AsteriskWire
from server.wires.realtime import SUBPROTOCOL as REALTIME
from server.wires.realtime import RealtimeWire
from server.wires.twilio import TwilioWire
from server.wires.vendors import ExotelWire, PlivoWire, TelnyxWire, VonageWire
from server.wires.wire import Wire

MESSAGE_BYTES = 16_384  # of one message; the wires of less hold their callers to that
REALTIME_BYTES = 1_048_576  # its clients append seconds of sound at a time
REALTIME_BETA = "openai-beta.realtime-v1"  # how a browser asks for what the header asks for
Admits = Callable[[str | None], bool]  # whether a token lets its bearer in


@dataclass(frozen=True)
class Refusal:
    """Why somebody is turned away: the answer, and ``reason`` in one word for the metrics."""

    status: HTTPStatus
    reason: str
    why: str


@dataclass(frozen=True)
class Door:
    """``make`` gives the wire ``name`` of a handshake; it is told how to ask for a token, and where
    callers are who do not say.

    ``subprotocol``: chosen where the client offers it, and ``required`` to be. ``inside``: the
    token may come in the stream. ``signed``: by Twilio, where its secret is known. ``largest``:
    bytes of one message, beyond which nothing is even read.
    """

    name: str
    make: Callable[[Request, Admits, str], Wire]
    subprotocol: str | None = None
    required: bool = False
    inside: bool = False
    signed: bool = False
    largest: int = MESSAGE_BYTES


def _realtime(request: Request, _: Admits, locale: str) -> Wire:
    model = parse_qs(request.path.partition("?")[2]).get("model", ["secousti"])[0]
    beta = "realtime=v1" in request.headers.get("OpenAI-Beta", "")
    beta = beta or REALTIME_BETA in _offered(request)
    return RealtimeWire(f"sess_{secrets.token_hex(8)}", model[:64], beta, locale)


DOORS = {
    "/call": Door("native", lambda *_: native.ServerWire(), native.SUBPROTOCOL, required=True),
    "/twilio": Door("twilio", lambda _, *known: TwilioWire(*known), inside=True, signed=True),
    "/telnyx": Door("telnyx", lambda _, *known: TelnyxWire(*known), inside=True),
    "/plivo": Door("plivo", lambda _, *known: PlivoWire(*known), inside=True),
    "/vonage": Door("vonage", lambda _, *known: VonageWire(*known), inside=True),
    "/exotel": Door("exotel", lambda _, *known: ExotelWire(*known), inside=True),
    "/asterisk": Door("asterisk", lambda _, __, locale: AsteriskWire(locale), MEDIA),
    "/v1/realtime": Door("realtime", _realtime, REALTIME, largest=REALTIME_BYTES),
}


class Doors:
    """The doors of one server."""

    def __init__(self, settings: ServerSettings, tenants: Tenants) -> None:
        self._settings, self._tenants = settings, tenants
        self._origins = (*settings.allowed_origins, *page_of(settings.public_url))

    def name(self, request: Request) -> str:
        """The wire that is asked for; empty where there is no such door."""
        door = self._door(request)
        return "" if door is None else door.name

    def largest(self, request: Request) -> int:
        """Bytes of a message on the wire that is asked for."""
        door = self._door(request)
        return MESSAGE_BYTES if door is None else door.largest

    def refusal(self, request: Request) -> Refusal | None:
        """Why this handshake is turned away: path, origin, token, signature, protocol."""
        door = self._door(request)
        if door is None:
            return Refusal(HTTPStatus.NOT_FOUND, "path", f"calls are at {', '.join(self._open())}")
        headers, settings = request.headers, self._settings
        origin, host = headers.get("Origin"), headers.get("Host", "")
        if not origin_allowed(origin, host, self._origins, settings.host):
            return Refusal(HTTPStatus.FORBIDDEN, "origin", "this page may not call here")
        if not door.inside and self.tenant(request) is None:
            return Refusal(HTTPStatus.UNAUTHORIZED, "token", "send the server's token")
        if door.signed and not self._signed(request):
            why = "X-Twilio-Signature is missing or wrong"
            return Refusal(HTTPStatus.FORBIDDEN, "signature", why)
        if door.required and door.subprotocol not in _offered(request):
            why = f"offer the websocket subprotocol {door.subprotocol}"
            return Refusal(HTTPStatus.BAD_REQUEST, "subprotocol", why)
        return None

    def tenant(self, request: Request) -> str | None:
        """Whose the token of this handshake is; None: nobody's, or there is none."""
        return self.whose(_token(request))

    def whose(self, token: str | None) -> str | None:
        """Whose a token is, also one that comes inside a stream; None: nobody's."""
        return self._tenants.whose(token)

    def offers_token(self, request: Request) -> bool:
        """Whether the handshake brings a token, right or wrong."""
        return _token(request) is not None

    def choose(
        self, connection: ServerConnection, offered: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        """The door's own, and never one that carries the token: the answer would repeat it."""
        door = connection.request and self._door(connection.request)
        chosen = door and door.subprotocol
        return Subprotocol(chosen) if chosen and chosen in offered else None

    def wire(self, request: Request, admits: Admits) -> Wire:
        """The wire of a connection that was let in; it asks ``admits`` about a token inside."""
        door = self._door(request)
        assert door is not None, "a handshake without a door was let in"
        return door.make(request, admits, self._settings.locale)

    def _open(self) -> list[str]:
        return [path for path in DOORS if path.rpartition("/")[2] in self._settings.wires]

    def _door(self, request: Request) -> Door | None:
        path = path_of(request)
        return DOORS[path] if path in self._open() else None

    def _signed(self, request: Request) -> bool:
        secret, public = self._settings.twilio_auth_token, self._settings.public_url
        if secret is None:
            return True
        base = (public or f"wss://{request.headers.get('Host', '')}").rstrip("/")
        signature = request.headers.get("X-Twilio-Signature")
        return twilio_signed(secret, base + request.path, signature)


def _offered(request: Request) -> list[str]:
    headers = request.headers.get_all("Sec-WebSocket-Protocol")
    return [name.strip() for header in headers for name in header.split(",")]


def page_of(public_url: str | None) -> tuple[str, ...]:
    """The origin of our own page where a proxy brings it under another name."""
    if public_url is None:
        return ()
    scheme, _, rest = public_url.partition("://")
    secure = "https" if scheme in ("wss", "https") else "http"
    return (f"{secure}://{rest.partition('/')[0]}",)


def _token(request: Request) -> str | None:
    return offered_token(request.headers.get("Authorization"), _offered(request))
