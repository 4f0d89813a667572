"""Plain HTTP beside the calls: who answers a path, and what every answer has."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import httpx
import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request

from server.http import Site, data, path_of, plain, response
from tests.server.sockets import with_server


class Named:
    """Pages of one path."""

    def __init__(self, path, says):
        self.path, self.says = path, says

    async def answer(self, request):
        return plain(HTTPStatus.OK, self.says) if path_of(request) == self.path else None


SITE = Site(Named("/a", "first"), Named("/a", "second"), Named("/b", "third"))


def asked(path, method="GET", site=SITE):
    return asyncio.run(site.answer(Request(path, Headers(), method)))


def test_the_first_that_knows_a_path_answers():
    assert asked("/a").body == b"first\n"
    assert asked("/b?x=/a").body == b"third\n"
    assert asked("/c") is None
    assert asked("/a/../b") is None


def test_pages_are_only_read():
    head = asked("/a", "HEAD")
    assert (head.status_code, head.body, head.headers["Content-Length"]) == (200, b"", "6")
    refused = asked("/a", "DELETE")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert asked("/c", "DELETE") is None


def test_an_answer_is_of_this_moment_unless_it_says_otherwise():
    assert plain(HTTPStatus.OK, "x").headers["Cache-Control"] == "no-store"
    kept = response(HTTPStatus.OK, b"x", "text/css", {"Cache-Control": "no-cache"})
    assert kept.headers.get_all("Cache-Control") == ["no-cache"]
    assert kept.headers["Content-Type"] == "text/css"
    assert data(HTTPStatus.OK, {"a": 1}).body == b'{"a": 1}\n'


@pytest.mark.parametrize("method", ["POST", "PUT", "BREW"])
def test_a_real_server_keeps_to_that(method):
    async def work(server):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as web:
            assert (await web.request(method, "/healthz")).status_code == 405
            head = await web.head("/healthz")
            assert (head.status_code, head.content) == (200, b"")
            assert (await web.get("/nowhere")).status_code == 404

    with_server(work)
