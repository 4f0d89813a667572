"""A far end's connection to the server that is measured: a websocket, or AudioSocket's TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, cast

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from secousti.bench.conversing import Pipe
from secousti.bench.far_ends import FarEnd
from secousti.bench.served import Reachable
from server.tcp import StreamPeer
from server.wires.closing import CallEnded, CloseCode, Dropped
from server.wires.events import Message

OPEN_S = 30.0


class Line(Pipe, Protocol):
    """A pipe whose connection can be maltreated."""

    @property
    def transport(self) -> asyncio.Transport: ...


class SocketPipe:
    """A websocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    @property
    def transport(self) -> asyncio.Transport:
        return self.socket.transport

    async def send(self, message: Message) -> None:
        try:
            await self.socket.send(message)
        except ConnectionClosed:
            raise self._gone() from None

    async def receive(self) -> Message:
        try:
            return await self.socket.recv()
        except ConnectionClosed:
            raise self._gone() from None

    def _gone(self) -> CallEnded | Dropped:
        code = self.socket.close_code
        if code is None or code not in set(CloseCode):
            return Dropped(f"closed with {code}")
        return CallEnded(CloseCode(code), self.socket.close_reason or "")


class TcpPipe(StreamPeer):
    """A TCP stream of AudioSocket's frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.transport = cast(asyncio.Transport, writer.transport)


@asynccontextmanager
async def piped(server: Reachable, end: FarEnd) -> AsyncIterator[Line]:
    """A connection to ``server`` as ``end`` has it; raises OSError where there is none."""
    if not end.path:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.audiosocket_port)
        try:
            yield TcpPipe(reader, writer)
        finally:
            writer.close()
        return
    protocols = [Subprotocol(end.protocol)] if end.protocol else None
    address = f"ws://127.0.0.1:{server.port}{end.path}"
    async with open_socket(
        address, subprotocols=protocols, compression=None, open_timeout=OPEN_S, proxy=None
    ) as socket:
        yield SocketPipe(socket)
