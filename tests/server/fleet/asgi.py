"""An ASGI server's part, without a socket: starts an application, asks it for pages, calls it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import torch

from codec.rates import HIGH
from server.app import Server
from server.fleet.directory import Listing
from server.fleet.gate import Gate
from server.wires import native
from tests.server.fakes import FakeEncoder, fake_parts

ADDRESS = ("203.0.113.7", 40_000)


def scope_of(path: str, kind: str, **more: Any) -> dict[str, Any]:
    """The scope of a request from :data:`ADDRESS`."""
    path, _, query = path.partition("?")
    headers = [*more.pop("headers", []), (b"host", b"help.example")]
    return {
        "type": kind,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "client": ADDRESS,
        "extensions": {"websocket.http.response": {}},
        **more,
    }


@contextlib.asynccontextmanager
async def running(directory: Listing, settings: Any, **parts: Any) -> Any:
    """A gate whose server runs on a free port, as one replica's; drained at the end."""
    gate = Gate(
        lambda register: Server(settings, fake_parts(**parts), register=register),
        directory,
        "127.0.0.1",
    )
    events: asyncio.Queue[Any] = asyncio.Queue()
    said: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.create_task(gate({"type": "lifespan"}, events.get, said.put))
    await events.put({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    try:
        yield gate
    finally:
        await events.put({"type": "lifespan.shutdown"})
        assert (await said.get())["type"] == "lifespan.shutdown.complete"
        await life


async def page(gate: Gate, path: str, headers: Any = ()) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of one GET."""
    said: asyncio.Queue[Any] = asyncio.Queue()
    scope = scope_of(path, "http", method="GET", headers=headers)
    await gate(scope, asyncio.Queue().get, said.put)
    start, body = await said.get(), await said.get()
    named = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], named, body["body"].decode()


class Call:
    """A caller's end of one websocket."""

    def __init__(self, gate: Gate, path: str = "/call", **more: Any) -> None:
        more = {"subprotocols": [native.SUBPROTOCOL]} | more
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self.raw: asyncio.Queue[Any] = asyncio.Queue()
        self.wire, self.encoder = native.ClientWire(), FakeEncoder(HIGH, 1)
        self._inbox.put_nowait({"type": "websocket.connect"})
        scope = scope_of(path, "websocket", **more)
        self.task = asyncio.create_task(gate(scope, self._inbox.get, self.raw.put))

    def say(self, word: Any) -> None:
        message = native.encode(word)
        kind = "text" if isinstance(message, str) else "bytes"
        self._inbox.put_nowait({"type": "websocket.receive", kind: message})

    def speak(self, level: float, packets: int) -> None:
        pcm = torch.full((1, HIGH.packet_samples), level)
        for _ in range(packets):
            packet = self.encoder.step(pcm, [0])[0]
            self._inbox.put_nowait({"type": "websocket.receive", "bytes": packet})

    async def until(self, kind: type) -> Any:
        """The next event of ``kind``."""
        async with asyncio.timeout(20):
            while True:
                said = await self.raw.get()
                if said["type"] == "websocket.accept":
                    continue
                assert said["type"] == "websocket.send", said
                event = self.wire.decode(said.get("text") or said["bytes"])
                if isinstance(event, kind):
                    return event

    async def last(self) -> Any:
        """What ends the connection, everything before it left unread."""
        async with asyncio.timeout(20):
            while (said := await self.raw.get())["type"] in ("websocket.accept", "websocket.send"):
                pass
        return said

    async def gone(self, code: int = 1006) -> None:
        """The connection ends, by default without a goodbye."""
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": code})
        await self.task
