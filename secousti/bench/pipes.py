"""A far end's connection to the server that is measured: a websocket, or AudioSocket's TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from secousti.bench.conversing import Pipe
from secousti.bench.far_ends import FarEnd
from secousti.bench.served import Served
from server.tcp import StreamPeer
from server.wires.closing import CallEnded, CloseCode, Dropped
from server.wires.events import Message

OPEN_S = 30.0


class SocketPipe:
    """A websocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

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


@asynccontextmanager
async def piped(server: Served, end: FarEnd) -> AsyncIterator[Pipe]:
    """A connection to ``server`` as ``end`` has it; raises OSError where there is none."""
    if not end.path:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.audiosocket_port)
        try:
            yield StreamPeer(reader, writer)
        finally:
            writer.close()
        return
    protocols = [Subprotocol(end.protocol)] if end.protocol else None
    address = f"ws://127.0.0.1:{server.port}{end.path}"
    async with open_socket(
        address, subprotocols=protocols, compression=None, open_timeout=OPEN_S, proxy=None
    ) as socket:
        yield SocketPipe(socket)
