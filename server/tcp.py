"""The TCP listener of AudioSocket: frames off a stream, one session a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID

from codec.errors import SecoustiError
from server.auth import is_loopback
from server.link import Peer
from server.proxies import peer_address
from server.settings import ServerSettings
from server.wires.audiosocket import HEADER, AudioSocketWire
from server.wires.closing import CallEnded, CloseCode
from server.wires.wire import Wire

CLOSE_S = 2.0  # a far end that takes nothing any more is not waited for

Admission = Callable[[UUID], bool]
# A peer at an address, who speaks a wire; None: it was not even listened to.
Converse = Callable[[str | None, Peer, Wire], Awaitable[CallEnded | None]]


class StreamPeer:
    """A TCP stream of frames as a session sees it; its end is the end of the call."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def receive(self) -> bytes:
        """The next whole frame; raises :class:`CallEnded` when the caller is gone."""
        try:
            header = await self._reader.readexactly(HEADER.size)
            return header + await self._reader.readexactly(HEADER.unpack(header)[1])
        except (asyncio.IncompleteReadError, OSError):
            raise CallEnded(CloseCode.NORMAL, "the caller hung up") from None

    async def send(self, message: bytes | str) -> None:
        """Sends one frame; raises :class:`CallEnded` when the caller is gone."""
        try:
            self._writer.write(message if isinstance(message, bytes) else message.encode())
            await self._writer.drain()
        except OSError:
            raise CallEnded(CloseCode.NORMAL, "the caller hung up") from None


class AudioSocketListener:
    """Answers AudioSocket calls at ``settings.audiosocket_port``; ``converse`` has each of them.

    ``admits`` overrides the settings' list of expected calls.

    Raises:
        SecoustiError: others could call, and any UUID would do; or one in the list is none.
    """

    def __init__(
        self, settings: ServerSettings, converse: Converse, admits: Admission | None
    ) -> None:
        expected = {_uuid(call) for call in settings.audiosocket_calls}
        private = settings.audiosocket_port is None or is_loopback(settings.audiosocket_host)
        if admits is None and not expected and not private and not settings.insecure:
            raise SecoustiError(
                f"AudioSocket at {settings.audiosocket_host} can be reached by others and has no "
                "token: name the expected calls in audiosocket_calls, or say --insecure"
            )
        self._admits = admits or (lambda uuid: not expected or uuid in expected)
        self._settings, self._converse = settings, converse
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port it listens on, also when the settings asked for any free one."""
        assert self._server is not None, "the listener has not been started"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Begins to listen, where the settings say so.

        Raises:
            SecoustiError: the address cannot be listened on.
        """
        host, port = self._settings.audiosocket_host, self._settings.audiosocket_port
        if port is None:
            return
        try:
            self._server = await asyncio.start_server(self._accept, host, port)
        except OSError as error:
            raise SecoustiError(
                f"cannot listen for AudioSocket on {host}:{port}: {error.strerror or error}; "
                "choose another audiosocket_port"
            ) from error

    def stop(self) -> None:
        """No new calls."""
        if self._server is not None:
            self._server.close()

    async def closed(self) -> None:
        """Waits for the running calls; after ``last_reply_s`` they are cut."""
        if self._calls:
            await asyncio.wait(self._calls, timeout=self._settings.last_reply_s + CLOSE_S)
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        wire = AudioSocketWire(self._admits, self._settings.locale)
        try:
            address = peer_address(writer.get_extra_info("peername"))
            await self._converse(address, StreamPeer(reader, writer), wire)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await writer.wait_closed()


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise SecoustiError(
            f"{text!r} in audiosocket_calls is no UUID: write it as the dialplan does"
        ) from None
