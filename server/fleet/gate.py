"""The way into a fleet, as an ASGI application: one server of its own, and the way to the others.

A caller goes to this process's server, or to one with room where this one is full; who comes back
goes to the server that has his call. The server itself says who gets in: it is asked as if the
caller had come to it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from server.app import Server
from server.fleet.directory import Directory
from server.fleet.relay import (
    ABNORMAL,
    Receive,
    Scope,
    Send,
    asked_for,
    call_up,
    hang_up,
    message_of,
    passed_on,
    refuse,
    relay,
    target,
)
from server.fleet.scrape import merged
from server.health import READY
from server.returning import Register
from server.scrape import PATH as METRICS
from server.wires import native
from server.wires.closing import CloseCode

log = logging.getLogger(__name__)

ASK_S = 1.0  # for another server to say whether it has room
UNREACHABLE = OSError, TimeoutError, InvalidHandshake


class Gate:
    """``open_server`` makes the server, which tells the register it is given of its calls; it is
    started with the application and drained with it. ``reach``: the host it listens on."""

    def __init__(
        self, open_server: Callable[[Register], Server], directory: Directory, reach: str
    ) -> None:
        self._open_server, self._directory, self._reach = open_server, directory, reach
        self._server: Server | None = None

    @property
    def home(self) -> str:
        """The server of this process, as the directory names it."""
        assert self._server is not None, "the application has not been started"
        return f"{self._reach}:{self._server.port}"

    def enter(self, session: str) -> None:
        """This process's server has this call now."""
        self._directory.enter(session, self.home)

    def leave(self, session: str) -> None:
        """It has it no more."""
        self._directory.leave(session)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "http":
                await self._page(scope, send)
            case "websocket":
                await self._call(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._server = self._open_server(self)
            http = httpx.AsyncClient(timeout=None, trust_env=False)
            async with http as self._http, self._server as server:
                await self._directory.joined(self.home)
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await self._directory.left(self.home)
                await server.drain()
        except Exception as error:
            log.exception("a server of the fleet failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})

    # -- pages --------------------------------------------------------------------------------

    async def _page(self, scope: Scope, send: Send) -> None:
        """The answer of this process's server; numbers are those of all."""
        if scope["path"] == METRICS:
            answer = await self._numbers(scope)
        else:
            answer = await self._asked(scope, self.home)
        headers = [(k.lower(), v) for k, v in answer.headers.raw if k.lower() != b"connection"]
        start = {"status": answer.status_code, "headers": headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": answer.content})

    async def _numbers(self, scope: Scope) -> httpx.Response:
        own = await self._asked(scope, self.home)
        if own.status_code != HTTPStatus.OK:
            return own
        answers = {self.home: own.text}
        for server in await self._directory.servers():
            with suppress(httpx.HTTPError):  # one that has just gone has no numbers any more
                if server != self.home:
                    answers[server] = (await self._asked(scope, server)).text
        body = merged(answers)
        kind = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return httpx.Response(HTTPStatus.OK, headers=kind, content=body)

    async def _asked(self, scope: Scope, server: str) -> httpx.Response:
        headers = [*passed_on(scope).raw_items(), ("Host", asked_for(scope, "host") or server)]
        url = f"http://{server}{target(scope)}"
        return await self._http.request(scope["method"], url, headers=headers)

    # -- calls --------------------------------------------------------------------------------

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        name = await self._roomiest()
        try:
            server = await call_up(scope, name)
        except InvalidStatus as refused:
            await refuse(scope, send, refused)
            return
        except UNREACHABLE:
            log.warning("the server %s does not answer a caller", name)
            await send({"type": "websocket.close", "code": CloseCode.TRY_LATER})
            return
        await send({"type": "websocket.accept", "subprotocol": server.subprotocol})
        if server.subprotocol == native.SUBPROTOCOL:
            first = await receive()
            if first["type"] == "websocket.disconnect":
                await hang_up(server, first.get("code", ABNORMAL))
                return
            message = message_of(first)
            server = await self._where(message, scope, name, server)
            with suppress(ConnectionClosed):  # then the relay says how
                await server.send(message)
        await relay(receive, send, server)

    async def _roomiest(self) -> str:
        """This process's server while it has room, else another that has, else this one, which
        says in the caller's own protocol that it is busy."""
        assert self._server is not None
        if self._server.calls < self._server.capacity.slots:
            return self.home
        others = [server for server in await self._directory.servers() if server != self.home]
        ready = await asyncio.gather(*map(self._has_room, others))
        return next((server for server, room in zip(others, ready, strict=True) if room), self.home)

    async def _has_room(self, server: str) -> bool:
        try:
            answer = await self._http.get(f"http://{server}{READY}", timeout=ASK_S)
        except httpx.HTTPError:
            return False
        return answer.status_code == HTTPStatus.OK

    async def _where(
        self, message: bytes | str, scope: Scope, name: str, server: ClientConnection
    ) -> ClientConnection:
        """The connection to go on with: ``server``, which is called ``name``, or for a caller who
        comes back one to where his call is."""
        session = returning(message)
        home = await self._directory.where(session) if session else None
        if home in (None, name):
            return server
        try:
            found = await call_up(scope, home)
        except UNREACHABLE:
            log.warning("the server %s that had call %s is gone", home, session)
            return server  # it knows no such call, and says so
        server.transport.abort()
        return found


def returning(message: bytes | str) -> str | None:
    """The session that a native client's first message asks to come back to, if it does."""
    if isinstance(message, bytes) or len(message) > native.CLIENT_TEXT_BYTES:
        return None
    try:
        word = json.loads(message)
    except ValueError:
        return None
    if not isinstance(word, dict) or word.get("type") != "resume":
        return None
    session = word.get("session")
    return session if isinstance(session, str) else None
