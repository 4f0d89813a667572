"""One websocket passed on to a server of the fleet: messages, refusals and goodbyes as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Response

from server.wires.closing import CloseCode

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

ABNORMAL = 1006  # RFC 6455 section 7.4.1
# How servers of ASGI say that a caller is gone: some call it "no status received", and a caller who
# closes without one is then taken for lost, whose call waits for him a while.
LOST = {1005, ABNORMAL, 1012}
# What belongs to one connection and not to the request that it carries.
OF_THE_HOP = {"host", "connection", "upgrade", "origin", "user-agent", "content-length"}
DENIAL = "websocket.http.response"  # the ASGI extension that lets a handshake be answered


def passed_on(scope: Scope) -> Headers:
    """The headers of a request as the next server is to see them, with who sent it at the end."""
    headers = Headers()
    for name, value in _headers(scope):
        if name not in OF_THE_HOP and not name.startswith("sec-websocket-"):
            headers[name] = value
    if scope.get("client"):
        headers["X-Forwarded-For"] = str(scope["client"][0])
    return headers


def target(scope: Scope) -> str:
    """Path and query as they were asked for."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("ascii")
    query = scope.get("query_string", b"").decode("ascii")
    return f"{path}?{query}" if query else path


def asked_for(scope: Scope, name: str) -> str | None:
    """The value of one header of the request."""
    return next((value for key, value in _headers(scope) if key == name), None)


async def call_up(scope: Scope, server: str) -> ClientConnection:
    """A connection to ``server`` that asks for what ``scope`` asks for.

    Raises:
        InvalidStatus: the server refuses.
        OSError, TimeoutError: it is not there.
    """
    host, _, port = server.rpartition(":")
    return await connect(
        f"ws://{asked_for(scope, 'host') or server}{target(scope)}",
        host=host.strip("[]"),
        port=int(port),
        origin=asked_for(scope, "origin"),  # type: ignore[arg-type]
        subprotocols=scope.get("subprotocols") or None,
        additional_headers=passed_on(scope),
        user_agent_header=asked_for(scope, "user-agent"),
        compression=None,
        max_size=None,  # the server itself measures what comes from it and goes to it
        ping_interval=None,  # both ends of the way are pinged by others
        proxy=None,
    )


async def refuse(scope: Scope, send: Send, refused: InvalidStatus) -> None:
    """Answers a handshake as the server has."""
    if DENIAL not in scope.get("extensions", {}):
        reason = (refused.response.body or b"").decode(errors="replace").strip()
        await send({"type": "websocket.close", "code": CloseCode.TRY_LATER, "reason": reason[:120]})
        return
    await send({"type": "websocket.http.response.start", **start_of(refused.response)})
    await send({"type": "websocket.http.response.body", "body": refused.response.body or b""})


def start_of(response: Response) -> dict[str, Any]:
    """Status and headers as ASGI writes them."""
    kept = [(k, v) for k, v in response.headers.raw_items() if k.lower() != "connection"]
    headers = [(name.lower().encode(), value.encode()) for name, value in kept]
    return {"status": response.status_code, "headers": headers}


async def relay(receive: Receive, send: Send, server: ClientConnection) -> None:
    """Passes messages both ways until one side has gone, and tells the other how it went."""
    up = asyncio.create_task(_upwards(receive, server))
    down = asyncio.create_task(_downwards(send, server))
    try:
        await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        server.transport.abort()


async def _upwards(receive: Receive, server: ClientConnection) -> None:
    try:
        while (event := await receive())["type"] == "websocket.receive":
            await server.send(message_of(event))
    except ConnectionClosed:
        await asyncio.Event().wait()  # the other task says how the server has closed
    await hang_up(server, event.get("code", ABNORMAL))


async def hang_up(server: ClientConnection, code: int) -> None:
    """A caller's goodbye is passed on; of one who is gone without, the server waits for more."""
    if code in LOST:
        server.transport.abort()
        return
    await server.close(code)


async def _downwards(send: Send, server: ClientConnection) -> None:
    try:
        while True:
            message = await server.recv()
            kind = "text" if isinstance(message, str) else "bytes"
            await send({"type": "websocket.send", kind: message})
    except ConnectionClosed as closed:
        frame = closed.rcvd
        code, reason = (
            (frame.code, frame.reason) if frame else (CloseCode.GOING_AWAY, "the server is gone")
        )
        await send({"type": "websocket.close", "code": code, "reason": reason})


def message_of(event: Event) -> bytes | str:
    """The message of a ``websocket.receive``."""
    text: str | None = event.get("text")
    return event["bytes"] if text is None else text


def _headers(scope: Scope) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in scope["headers"]
    ]
