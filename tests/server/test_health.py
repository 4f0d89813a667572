"""Alive and ready: what a supervisor and a load balancer are told."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request

from server.health import ALIVE, READY, Health, Standing
from tests.server.sockets import calling, calls_are, with_server


@pytest.mark.parametrize(
    ("status", "ready"), [("starting", 503), ("ready", 200), ("full", 503), ("draining", 503)]
)
def test_only_a_free_slot_is_ready_and_all_are_alive(status, ready):
    health = Health(lambda: Standing(status, 1, 2, None))
    for path, expected in ((ALIVE, 200), (READY, ready)):
        answer = asyncio.run(health.answer(Request(path, Headers())))
        assert answer.status_code == expected
        assert json.loads(answer.body)["status"] == status


def test_a_server_is_ready_until_its_last_slot_is_taken():
    async def ask(web, path):
        answer = await web.get(path)
        assert answer.headers["content-type"] == "application/json"
        return answer.status_code, answer.json()["status"], answer.json()["calls"]

    async def work(server):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as web:
            async with calling(server):
                assert await ask(web, READY) == (200, "ready", 1)
                async with calling(server):
                    assert await ask(web, READY) == (503, "full", 2)
                    assert await ask(web, ALIVE) == (200, "full", 2)
            await calls_are(server, 0)
            assert await ask(web, READY) == (200, "ready", 0)

    with_server(work)
