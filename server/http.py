"""What is answered over plain HTTP, beside the calls: the way in for every part that has pages.

The socket library reads the request and writes the answer; in between, each :class:`Pages` is
asked in turn whether the path is one of its own. What none of them knows is left to the doors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Protocol

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

TEXT, JSON = "text/plain; charset=utf-8", "application/json"
READS = ("GET", "HEAD")
# An answer is about this moment, and is what its type says; a page that may be kept says so itself.
GUARDS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Pages(Protocol):
    """Some paths of a server and what they answer."""

    async def answer(self, request: Request) -> Response | None:
        """The answer to ``request``; None: that is none of its paths."""
        ...


class Site:
    """Every path of one server that is no call; of two that know a path, the first answers."""

    def __init__(self, *pages: Pages) -> None:
        self._pages = pages

    async def answer(self, request: Request) -> Response | None:
        """The first answer, None where nobody knows the path. Pages can be read and no more."""
        for pages in self._pages:
            answer = await pages.answer(request)
            if answer is None:
                continue
            if request.method not in READS:
                allowed = {"Allow": ", ".join(READS)}
                return plain(HTTPStatus.METHOD_NOT_ALLOWED, "pages are read", allowed)
            if request.method == "HEAD":  # RFC 9110 section 9.3.2: the headers of a GET, no body
                answer.body = b""
            return answer
        return None


def path_of(request: Request) -> str:
    """The path without its query, which no table looks at."""
    return request.path.partition("?")[0]


def plain(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in words."""
    return response(status, f"{text}\n".encode(), TEXT, headers)


def data(status: HTTPStatus, body: Any) -> Response:
    """An answer for programs; ``body`` must be plain JSON values."""
    return response(status, json.dumps(body).encode() + b"\n", JSON)


def response(
    status: HTTPStatus, body: bytes, kind: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer of content type ``kind``; ``headers`` win over those that every answer has."""
    fields = Headers(Date=formatdate(usegmt=True), Connection="close")
    for name, value in {**GUARDS, **(headers or {}), "Content-Type": kind}.items():
        fields[name] = value
    fields["Content-Length"] = str(len(body))
    return Response(status, status.phrase, fields, body)
