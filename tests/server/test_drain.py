"""A server that is to stop: running calls go on, newcomers are told on every wire, then it ends."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from contextlib import suppress
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from server.app import Server
from server.wires import native
from server.wires.audiosocket import frame
from server.wires.closing import CloseCode
from tests.server.fakes import FakeVoice, fake_parts, run
from tests.server.sockets import QUICK, calling, calls_are
from tests.server.test_doors import dial
from tests.server.wires.test_twilio import with_parameters

SETTINGS = dataclasses.replace(QUICK, audiosocket_port=0)
BRIEF = FakeVoice(seconds_per_char=0.002)


async def draining(server, patience_s=30.0):
    """A drain that has begun."""
    going = asyncio.create_task(server.drain(patience_s))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as web:
        answer = await web.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "draining")
        assert (await web.get("/healthz")).status_code == 200
    return going


async def native_caller(server):
    async with calling(server, hello=False) as caller:
        await caller.socket.send(native.encode(native.Hello()))
        code, _ = await caller.closed()
        return code, "about to stop" in caller.of(native.Failure)[0].message


async def phone(server):
    async with dial(server, "/twilio") as socket:
        await socket.send(json.dumps(with_parameters({})))
        got = await all_of(socket)
        return socket.close_code, any(event["event"] == "media" for event in got)


async def realtime_client(server):
    async with dial(server, "/v1/realtime") as socket:
        await socket.send('{"type": "input_audio_buffer.append", "audio": ""}')
        got = await all_of(socket)
        return socket.close_code, any(event["type"] == "error" for event in got)


async def all_of(socket):
    """What comes until the server closes."""
    got = []
    with suppress(ConnectionClosed):
        while True:
            got.append(json.loads(await socket.recv()))
    return got


async def asterisk(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.audiosocket_port)
    writer.write(frame(0x01, uuid4().bytes) + frame(0x10, bytes(320)))
    got = await reader.read()  # until it hangs up
    writer.close()
    return CloseCode.TRY_LATER, len(got) > 1600


@pytest.mark.parametrize("newcomer", [native_caller, phone, realtime_client, asterisk])
def test_a_newcomer_is_told_and_the_running_call_goes_on(newcomer):
    async def work():
        async with Server(SETTINGS, fake_parts(voice=BRIEF)) as server, calling(server) as caller:
            going, port = await draining(server), server.port
            assert await newcomer(server) == (CloseCode.TRY_LATER, True)
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.End, 2)
            assert not going.done()
            await caller.socket.send(native.encode(native.Bye()))
            assert (await caller.closed())[0] == CloseCode.NORMAL
            await going
            with pytest.raises(OSError):
                await asyncio.open_connection("127.0.0.1", port)

    run(work())


def test_patience_has_an_end():
    async def work():
        async with Server(SETTINGS, fake_parts(voice=BRIEF)) as server, calling(server) as caller:
            going = await draining(server, 0.3)
            assert (await caller.closed())[0] == CloseCode.GOING_AWAY
            await going
            await calls_are(server, 0)

    run(work())


def test_an_empty_server_does_not_wait():
    async def work():
        async with Server(SETTINGS, fake_parts()) as server:
            async with asyncio.timeout(10):
                await server.drain(1000.0)

    run(work())
