"""The way in on a real socket: hostile headers, floods, guesses, and what is counted of them."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.limits import CrowdLimits
from server.tenants import keys_text, new_key
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.sockets import QUICK, calling, calls_are, with_server
from tests.server.test_app import refused

SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def raw(server, head):
    """What the server answers to these very bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def count(server, name, **labels):
    """A metric's value, as Prometheus would read it."""
    async with httpx.AsyncClient() as web:
        text = (await web.get(f"http://127.0.0.1:{server.port}/metrics")).text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"secousti_{name}" and labels.items() <= sample.labels.items():
                return sample.value
    return 0.0


HOSTILE = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00",
    "a newline in a header": b"GET /call HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "a header without an end": b"GET /call HTTP/1.1\r\nX: " + b"a" * 100_000,
    "more headers than anybody has": b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 500 + b"\r\n",
    "a body": b"GET /call HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
    "two lengths": b"GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n",
    "a path that climbs": b"GET /page/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path of bytes": b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
    "a chunked body": b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("head", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_request_disturbs_nobody(head):
    async def work(server):
        async with calling(server) as caller:
            answer = await raw(server, head)
            assert not answer.startswith(b"HTTP/1.1 2"), answer[:80]
            assert b"root:" not in answer
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.End, 2)

    with_server(work)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer " + "a" * 7000},
        {"Authorization": "Bearer \xff\xfe"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + "Og=="},
        {"Sec-WebSocket-Protocol": "secousti.token."},
        {"Authorization": "Digest let-me-in"},
    ],
    ids=str,
)
def test_no_odd_header_is_the_token(headers):
    async def work(server):
        async with httpx.AsyncClient() as web:
            address = f"http://127.0.0.1:{server.port}/call"
            raws = [(k.encode(), v.encode("latin-1")) for k, v in (SOCKET | headers).items()]
            assert (await web.get(address, headers=raws)).status_code == 401

    with_server(work, dataclasses.replace(QUICK, token="let-me-in"))


def test_an_address_that_guesses_is_told_to_wait_and_the_right_token_too():
    strict = CrowdLimits(address_failures_per_s=1 / 60)

    async def work(server):
        assert await refused(server) == 401  # a token that was forgotten is no guess
        assert await refused(server) == 401
        wrong = {"Authorization": "Bearer a-guess"}
        assert await refused(server, additional_headers=wrong) == 401
        assert await refused(server, additional_headers=wrong) == 429
        right = {"Authorization": "Bearer let-me-in"}
        assert await refused(server, additional_headers=right) == 429
        assert await refused(server) == 401
        assert await count(server, "slots") == 2  # whoever asks for nothing secret is answered
        assert (
            server.metrics.registry.get_sample_value(
                "secousti_refusals_total", {"wire": "native", "reason": "guessing"}
            )
            == 2
        )

    with_server(work, dataclasses.replace(QUICK, token="let-me-in", crowd=strict))


def test_behind_a_proxy_one_guesser_does_not_shut_out_the_others():
    strict = CrowdLimits(address_failures_per_s=1 / 60)

    def said(address, token):
        return {"X-Forwarded-For": address, "Authorization": f"Bearer {token}"}

    async def work(server):
        wrong, right = said("198.51.100.1", "a-guess"), said("198.51.100.2", "let-me-in")
        assert await refused(server, additional_headers=wrong) == 401
        assert await refused(server, additional_headers=wrong) == 429
        async with calling(server, additional_headers=right):
            pass

    with_server(
        work,
        dataclasses.replace(QUICK, token="let-me-in", crowd=strict, trusted_proxies=("127.0.0.1",)),
    )


def test_too_many_connections_of_one_address():
    few = CrowdLimits(address_connections=1)

    async def work(server):
        async with calling(server) as caller:
            assert await refused(server) == 429
            assert await count(server, "refusals_total", wire="native", reason="address") == 1
            await caller.until(native.End)

    with_server(work, dataclasses.replace(QUICK, crowd=few))


def test_a_tenant_with_all_its_calls_is_refused_and_another_is_not(tmp_path):
    now = datetime.now(UTC)
    (north, first), (south, second) = new_key("north", now), new_key("south", now)
    file = tmp_path / "tokens.json"
    file.write_text(keys_text([first, second]))

    def by(token):
        return {"additional_headers": {"Authorization": f"Bearer {token}"}}

    async def work(server):
        async with calling(server, **by(north)) as running:
            async with calling(server, hello=False, **by(north)) as second:
                await second.socket.send(native.encode(native.Hello()))
                assert (await second.closed())[0] == CloseCode.TRY_LATER
                assert "this tenant" in second.of(native.Failure)[0].message
            async with calling(server, **by(south)):
                await running.until(native.End)
            assert await count(server, "refusals_total", wire="native", reason="limit") == 1
        await calls_are(server, 0)
        async with calling(server, **by(north)):
            pass

    limit = CrowdLimits(tenant_calls=1)
    with_server(work, dataclasses.replace(QUICK, tokens=file, crowd=limit))


def test_a_message_beyond_its_wire_is_not_even_read():
    async def work(server):
        async with calling(server) as caller:
            await caller.socket.send(bytes(20_000))
            assert (await caller.closed())[0] == CloseCode.TOO_BIG

    with_server(work)


def test_our_own_page_may_call_through_a_proxy():
    async def work(server):
        async with calling(server, origin="https://help.example.org"):
            pass
        assert await refused(server, origin="http://help.example.org") == 403
        assert await refused(server, origin="https://help.example.org.evil.example") == 403
        assert await count(server, "refusals_total", wire="native", reason="origin") == 2

    with_server(work, dataclasses.replace(QUICK, public_url="wss://help.example.org/"))
