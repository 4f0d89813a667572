"""A server on a real socket and a bare client for it, for tests of what needs a socket."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import torch
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from codec.rates import HIGH, RATES
from server.app import Server
from server.settings import ServerSettings
from server.wires import native
from tests.server.fakes import (
    FakeEncoder,
    fake_parts,
    run,
)

QUICK = ServerSettings(
    port=0, slots=2, hello_timeout_s=20.0, last_reply_s=1.0, sentence_gap_ms=80, resume_s=0.0
)
LOUD, SILENT = 0.4, 0.0


class Caller:
    """A bare websocket client that keeps everything it gets, with the time it got it."""

    def __init__(self, socket, rate=HIGH):
        self.socket, self.rate = socket, rate
        self.wire, self.encoder = native.ClientWire(), FakeEncoder(rate, 1)
        self.got: list[tuple[float, Any]] = []
        self._reader = asyncio.create_task(self._read())

    async def _read(self):
        with contextlib.suppress(ConnectionClosed):
            async for message in self.socket:
                self.got.append((time.monotonic(), self.wire.decode(message)))

    async def speak(self, level, seconds, pace=1.0):
        """Sends sound of that level in real time (``pace`` times faster)."""
        start = time.monotonic()
        for k in range(round(seconds * 16_000 / self.rate.packet_samples)):
            pcm = torch.full((1, self.rate.packet_samples), level)
            await self.socket.send(self.encoder.step(pcm, [0])[0])
            ahead = start + (k + 1) * self.rate.packet_ms / 1000 / pace - time.monotonic()
            await asyncio.sleep(max(0, ahead))

    async def turn(self):
        """Half a second of speech and the silence that ends it."""
        await self.speak(LOUD, 0.52)
        await self.speak(SILENT, 0.4)

    def of(self, kind):
        return [event for _, event in self.got if isinstance(event, kind)]

    def at(self, kind):
        return [at for at, event in self.got if isinstance(event, kind)]

    def audio(self):
        """Packets by generation; also checks that they belong to the one last begun."""
        sound: dict[int, list[bytes]] = {}
        for _, event in self.got:
            if isinstance(event, native.Begin):
                current = sound.setdefault(event.generation, [])
            elif isinstance(event, native.Packets):
                current += event.packets
        return sound

    async def until(self, kind, count=1, limit_s=30.0):
        """Waits for the count-th event of a kind, sending nothing."""
        async with asyncio.timeout(limit_s):
            while len(self.of(kind)) < count:
                assert not self._reader.done() or self.of(kind), self.got
                await asyncio.sleep(0.005)
        return self.of(kind)[count - 1]

    async def closed(self, limit_s=30.0):
        """The close code and reason of the server."""
        async with asyncio.timeout(limit_s):
            await self._reader
        return self.socket.close_code, self.socket.close_reason


@contextlib.asynccontextmanager
async def calling(server, rate="high", hello=True, **options):
    options = {"subprotocols": [native.SUBPROTOCOL], "compression": None} | options
    async with connect(f"ws://127.0.0.1:{server.port}/call", **options) as socket:
        caller = Caller(socket, RATES[rate])
        if hello:
            await socket.send(native.encode(native.Hello(rate=rate, events=True)))
            await caller.until(native.Welcome)
        yield caller


def serving(settings=QUICK, **parts):
    return Server(settings, fake_parts(**parts))


def with_server(work, settings=QUICK, limit_s=60.0, **parts):
    async def inner():
        async with serving(settings, **parts) as server:
            return await work(server)

    return run(inner(), limit_s)


async def calls_are(server, count):
    """Waits until so many calls are admitted."""
    for _ in range(1000):
        if server.calls == count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{server.calls} calls, expected {count}")
