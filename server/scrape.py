"""``/metrics``, and who may read it.

Numbers of all tenants are the operator's alone. With ``metrics_token`` they are for who brings it;
without one for programs of this machine, and not for what a proxy here passes on from elsewhere.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from http import HTTPStatus
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from server.auth import admits, is_loopback, offered_token
from server.http import path_of, plain, response

PATH = "/metrics"
FORWARDED = ("X-Forwarded-For", "Forwarded", "Via")


class Scrape:
    """The page of one registry. ``bound_to`` is the address that the server listens on."""

    def __init__(
        self, registry: CollectorRegistry, token: str | None, bound_to: str, pool: Executor
    ) -> None:
        self._registry, self._token, self._pool = registry, token, pool
        self._private = is_loopback(bound_to)

    async def answer(self, request: Request) -> Response | None:
        """The metrics in the format that was asked for; None for other paths."""
        if path_of(request) != PATH:
            return None
        if refusal := self._refusal(request):
            return refusal
        encode, kind = choose_encoder(request.headers.get("Accept", ""))
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(self._pool, encode, self._registry)
        return response(HTTPStatus.OK, body, kind)

    def _refusal(self, request: Request) -> Response | None:
        headers = request.headers
        if self._token is not None:
            if admits(self._token, offered_token(headers.get("Authorization"), ())):
                return None
            challenge = {"WWW-Authenticate": "Bearer"}
            return plain(HTTPStatus.UNAUTHORIZED, "send the metrics token", challenge)
        if self._private and calls_loopback(headers.get("Host", "")) and not _forwarded(headers):
            return None
        return plain(HTTPStatus.FORBIDDEN, "set metrics_token to read the metrics from elsewhere")


def calls_loopback(host: str) -> bool:
    """Whether a request asked this machine for itself, and not by a name that somebody else has
    pointed here so that a page of his may read the answer (DNS rebinding)."""
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:  # a host header that is no host
        return False


def _forwarded(headers: Headers) -> bool:
    return any(name in headers for name in FORWARDED)
