"""A fleet of two replicas in a real Ray Serve on this machine, called over its HAProxy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from codec.errors import SecoustiError
from secousti.bench.served import free_port
from server.fleet.ray_serve import check_fleet
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import run
from tests.server.sockets import QUICK, calling

ROOT = Path(__file__).parents[3]
SETTINGS = replace(QUICK, slots=1, resume_s=60.0, port=8765)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"audiosocket_port": 9092}, "AudioSocket"),
        ({"insecure": True}, "SECOUSTI_TOKEN"),
        ({"port": 0}, "--port"),
        ({"store": "calls"}, "database"),
        ({"host": "0.0.0.0"}, "SECOUSTI_TOKEN"),
        ({"host": "0.0.0.0", "token": "secret-token"}, "trusted_proxies"),
    ],
)
def test_what_a_fleet_cannot_do_is_said_before_anything_starts(change, says):
    with pytest.raises(SecoustiError, match=says):
        check_fleet(replace(SETTINGS, **change))


def test_without_ray_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(SecoustiError, match=r"secousti\[ray\]"):
        check_fleet(SETTINGS)


FLEET = """
from dataclasses import replace
from server.fleet.ray_serve import Fleet, serve_fleet
from tests.server.fakes import fake_parts
from tests.server.fleet.test_ray_serve import SETTINGS

settings = replace(SETTINGS, port={port}, metrics_token="numbers-for-me", drain_s=5.0)
serve_fleet(settings, fake_parts, Fleet(2, 0.5), ready=lambda: print("ready", flush=True))
print("done", flush=True)
"""


@contextlib.contextmanager
def fleet(port):
    """Two replicas, served by a process of their own in a cluster of this machine."""
    # Replicas are drained for half a minute, so that every ingress has heard of it.
    quick = {"RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1"}
    command = [sys.executable, "-c", FLEET.format(port=port)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | quick, cwd=ROOT
    ) as process:
        try:
            assert any(line.strip() == "ready" for line in process.stdout)
            yield process
        finally:
            process.terminate()
            process.wait(60)


@pytest.mark.timeout(300)
def test_two_replicas_share_callers_and_each_finds_his_call_again():
    pytest.importorskip("ray.serve", reason="pip install 'secousti[ray]' to test the fleet")
    port = free_port()
    server = SimpleNamespace(port=port)
    url = f"http://127.0.0.1:{port}"

    async def calls():
        async with contextlib.AsyncExitStack() as stack:
            two = [await stack.enter_async_context(calling(server)) for _ in range(2)]
            async with calling(server, hello=False) as third:  # both slots of the fleet are taken
                await third.socket.send(native.encode(native.Hello()))
                assert (await third.closed())[0] == CloseCode.TRY_LATER
            bearer = {"Authorization": "Bearer numbers-for-me"}
            numbers = (await asyncio.to_thread(httpx.get, f"{url}/metrics", headers=bearer)).text
            servers = {
                line.split('replica="')[1].split('"')[0]
                for line in numbers.splitlines()
                if 'replica="' in line
            }
            assert len(servers) == 2
            for caller in two:
                await comes_back(caller)

    async def comes_back(caller):
        """By whichever door the ingress opens for him this time."""
        welcome = caller.of(native.Welcome)[0]
        begun = await caller.until(native.Begin)
        caller.socket.transport.abort()
        word = native.Resume(
            session=welcome.session, token=welcome.resume, generation=begun.generation
        )
        async with calling(server, hello=False) as again:
            again.wire = caller.wire
            again.wire.broke()
            await again.socket.send(native.encode(word))
            await again.until(native.Resumed)
            await again.until(native.Packets, 3)  # and what was not heard is said again

    with fleet(port) as process:
        assert httpx.get(f"{url}/healthz").json()["status"] == "ready"
        assert "Secousti" in httpx.get(url).text
        run(calls(), 120)
        process.terminate()
        assert process.stdout.read().endswith("done\n")  # it has drained, and was not just killed
        assert process.wait(60) == 0
