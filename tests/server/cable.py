"""A network cable between a client and a server, which a test may pull out and put back."""

from __future__ import annotations

import asyncio
import contextlib


class Cable:
    """Carries TCP from ``port`` to a server's port. While it is out nobody gets through, and what
    was open is reset on both ends."""

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self.refused = asyncio.Event()  # somebody tried while it was out
        self._to_port = to_port
        self._out = False
        self._open: set[asyncio.StreamWriter] = set()

    def pull(self) -> None:
        self._out = True
        self.refused.clear()
        for writer in self._open:
            writer.transport.abort()

    def put_back(self) -> None:
        self._out = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the client's."""
        if self._out:
            self.refused.set()
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
        ends = {writer, back}
        self._open |= ends
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pour(reader, back))
                both.create_task(_pour(there, writer))
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


@contextlib.asynccontextmanager
async def cable_to(port: int):
    """A cable that is in."""
    cable = Cable(port)
    async with await asyncio.start_server(cable.carry, "127.0.0.1", 0) as server:
        cable.port = server.sockets[0].getsockname()[1]
        yield cable
        cable.pull()
