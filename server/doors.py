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

from server.auth import admits, offered_token, origin_allowed, twilio_signed
from server.settings import ServerSettings
from server.wires import native
from server.wires.asterisk import SUBPROTOCOL as MEDIA
from server.wires.asterisk import AsteriskWire
from server.wires.realtime import SUBPROTOCOL as REALTIME
from server.wires.realtime import RealtimeWire
from server.wires.twilio import TwilioWire
from server.wires.vendors import ExotelWire, PlivoWire, TelnyxWire, VonageWire
from server.wires.wire import Wire

REALTIME_BETA = "openai-beta.realtime-v1"  # how a browser asks for what the header asks for
Refusal = tuple[HTTPStatus, str]


@dataclass(frozen=True)
class Door:
    """``make`` gives the wire of a handshake; with a token, the wire itself must ask for it.

    ``subprotocol``: chosen where the client offers it, and ``required`` to be. ``inside``: the
    token may come in the stream. ``signed``: by Twilio, where its secret is known.
    """

    make: Callable[[Request, str | None, str], Wire]
    subprotocol: str | None = None
    required: bool = False
    inside: bool = False
    signed: bool = False


def _realtime(request: Request, _: str | None, locale: str) -> Wire:
    model = parse_qs(request.path.partition("?")[2]).get("model", ["secousti"])[0]
    beta = "realtime=v1" in request.headers.get("OpenAI-Beta", "")
    beta = beta or REALTIME_BETA in _offered(request)
    return RealtimeWire(f"sess_{secrets.token_hex(8)}", model[:64], beta, locale)


DOORS = {
    "/call": Door(lambda *_: native.ServerWire(), native.SUBPROTOCOL, required=True),
    "/twilio": Door(lambda _, *known: TwilioWire(*known), inside=True, signed=True),
    "/telnyx": Door(lambda _, *known: TelnyxWire(*known), inside=True),
    "/plivo": Door(lambda _, *known: PlivoWire(*known), inside=True),
    "/vonage": Door(lambda _, *known: VonageWire(*known), inside=True),
    "/exotel": Door(lambda _, *known: ExotelWire(*known), inside=True),
    "/asterisk": Door(lambda _, __, locale: AsteriskWire(locale), MEDIA),
    "/v1/realtime": Door(_realtime, REALTIME),
}


class Doors:
    """The doors of one server."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings

    def refusal(self, request: Request) -> Refusal | None:
        """Why this handshake is turned away: path, origin, token, signature, protocol."""
        door = self._door(request)
        if door is None:
            return HTTPStatus.NOT_FOUND, f"calls are at {', '.join(self._open())}"
        headers, settings = request.headers, self._settings
        origin, host = headers.get("Origin"), headers.get("Host", "")
        if not origin_allowed(origin, host, settings.allowed_origins, settings.host):
            return HTTPStatus.FORBIDDEN, "this page may not call here"
        if not door.inside and not self._knows_token(request):
            return HTTPStatus.UNAUTHORIZED, "send the server's token"
        if door.signed and not self._signed(request):
            return HTTPStatus.FORBIDDEN, "X-Twilio-Signature is missing or wrong"
        if door.required and door.subprotocol not in _offered(request):
            return HTTPStatus.BAD_REQUEST, f"offer the websocket subprotocol {door.subprotocol}"
        return None

    def choose(
        self, connection: ServerConnection, offered: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        """The door's own, and never one that carries the token: the answer would repeat it."""
        door = connection.request and self._door(connection.request)
        chosen = door and door.subprotocol
        return Subprotocol(chosen) if chosen and chosen in offered else None

    def wire(self, request: Request) -> Wire:
        """The wire of a connection that was let in."""
        door = self._door(request)
        assert door is not None, "a handshake without a door was let in"
        token = None if self._knows_token(request) else self._settings.token
        return door.make(request, token, self._settings.locale)

    def _open(self) -> list[str]:
        return [path for path in DOORS if path.rpartition("/")[2] in self._settings.wires]

    def _door(self, request: Request) -> Door | None:
        path = request.path.partition("?")[0]
        return DOORS[path] if path in self._open() else None

    def _knows_token(self, request: Request) -> bool:
        authorization = request.headers.get("Authorization")
        return admits(self._settings.token, offered_token(authorization, _offered(request)))

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
