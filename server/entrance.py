"""The way in: pages are answered, and whoever wants to call is let in or told why not.

In order: a token from an address that guesses them, the pages, a flood of connections, the door
that is asked for with its token and origin, and whether there is room to wait. Every refusal is
counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from server.crowd import Crowd, Visitor
from server.doors import Doors, Refusal
from server.http import Site, plain
from server.metrics import Metrics
from server.proxies import Proxies, peer_address
from server.wires.wire import Wire

log = logging.getLogger(__name__)

RETRY_S = 5  # what a balancer or a client that reads it waits; the buckets fill meanwhile
ANSWER_S = 9.0  # to take the answer to a GET in; the library gives a handshake ten


class Entrance:
    """One server's. ``crowded`` says whether too many wait already."""

    def __init__(
        self,
        site: Site,
        doors: Doors,
        crowd: Crowd,
        proxies: Proxies,
        metrics: Metrics,
        crowded: Callable[[], bool],
    ) -> None:
        self._site, self._doors, self._crowd = site, doors, crowd
        self._proxies, self._metrics, self._crowded = proxies, metrics, crowded
        self._warned = False  # of a proxy whose callers all count as one

    async def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to a request that is no call, or to a caller who stays out; None: come in."""
        address = self.address(connection, request)
        if self._doors.offers_token(request) and self._crowd.suspects(address):
            return self._refuse(request, _too_many("too many wrong tokens from this address"))
        if (page := await self._site.answer(request)) is not None:
            connection.close_timeout = ANSWER_S
            self._note(page.status_code, request, address)
            return page
        refusal = self._refusal(request, address)
        if refusal is not None:
            self._note(refusal.status, request, address)
            return self._refuse(request, refusal)
        connection.protocol.max_message_size = self._doors.largest(request)
        return None

    def address(self, connection: ServerConnection, request: Request) -> str:
        """Whom the connection is counted for."""
        forwarded = request.headers.get_all("X-Forwarded-For")
        peer = peer_address(connection.remote_address)
        address = self._proxies.address(peer, forwarded)
        if forwarded and peer == address and not self._warned:
            self._warned = True
            log.warning("%s says whom it calls for and is none of trusted_proxies", peer)
        return address

    def wire(self, request: Request, visitor: Visitor) -> Wire:
        """The wire of a connection that was let in; a token in its stream says whose it is."""

        name = self._doors.name(request)

        def admits(token: str | None) -> bool:
            if not visitor.tenant:
                visitor.tenant = self._inside(token, visitor.address, name)
            return bool(visitor.tenant)

        visitor.tenant = self._doors.tenant(request) or ""
        return self._doors.wire(request, admits)

    def _inside(self, token: str | None, address: str, wire: str) -> str:
        """Whose a token is that comes in a stream, empty: nobody's. A guess counts there too."""
        if token is not None and self._crowd.suspects(address):
            self._metrics.refusals.labels(wire, "guessing").inc()
            return ""
        tenant = self._doors.whose(token)
        if tenant is None:
            self._metrics.refusals.labels(wire, "token").inc()
            if token is not None:
                self._crowd.failed(address)
        return tenant or ""

    def _refusal(self, request: Request, address: str) -> Refusal | None:
        if why := self._crowd.refusal(address):
            return _too_many(why, "address")
        if refusal := self._doors.refusal(request):
            return refusal
        if self._crowded():
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "waiting", "too many are waiting")
        return None

    def _note(self, status: int, request: Request, address: str) -> None:
        """Who brings no token at all may have forgotten it; only a wrong one is a guess."""
        if status == HTTPStatus.UNAUTHORIZED and self._doors.offers_token(request):
            self._crowd.failed(address)

    def _refuse(self, request: Request, refusal: Refusal) -> Response:
        self._metrics.refusals.labels(self._doors.name(request), refusal.reason).inc()
        busy = refusal.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
        return plain(refusal.status, refusal.why, {"Retry-After": str(RETRY_S)} if busy else None)


def _too_many(why: str, reason: str = "guessing") -> Refusal:
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, reason, why)
