"""Reaching a server: the websocket, its first answer, and every failure as one sentence."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
)
from websockets.typing import Subprotocol

from codec import SecoustiError
from server.wires import native
from server.wires.closing import MEANING, CloseCode

OPEN_S = 10.0  # a server that is there answers the handshake at once
REFUSALS = {
    400: "it does not speak this version of Secousti: update the older side",
    401: "it wants its token: give it with --token or SECOUSTI_TOKEN",
    403: "it does not take calls from here",
    404: "there are no calls at that address: leave the path away",
    503: "it is full or shutting down: call again later",
}


@dataclass(frozen=True)
class Address:
    """Where to call: ``ws://host:port`` or ``wss://...``, and what the server wants to know."""

    url: str
    token: str | None = None
    ssl_context: ssl.SSLContext | None = None


class CallOver(SecoustiError):
    """There is no call to come back to."""


async def opened(where: Address) -> ClientConnection:
    """A connection to ``where``, before any message.

    Raises:
        SecoustiError: no server there, refused, or another protocol; the message says what to do.
    """
    url, token = where.url, where.token
    address = url.rstrip("/") + ("" if url.rstrip("/").endswith("/call") else "/call")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return await open_socket(
            address,
            subprotocols=[Subprotocol(native.SUBPROTOCOL)],
            additional_headers=headers,
            compression=None,
            max_size=native.SERVER_TEXT_BYTES,
            open_timeout=OPEN_S,
            ssl=where.ssl_context,
        )
    except InvalidStatus as refusal:
        why = REFUSALS.get(refusal.response.status_code, f"HTTP {refusal.response.status_code}")
        raise SecoustiError(f"the server at {url} refused the call: {why}") from None
    except InvalidURI:
        raise SecoustiError(f"{url} is no address: give ws://host:port or wss://host") from None
    except (InvalidHandshake, InvalidMessage) as error:
        raise SecoustiError(f"what answers at {url} is no Secousti server: {error}") from None
    except ssl.SSLError as error:
        raise SecoustiError(f"{url} has no certificate to trust: {error.reason}") from None
    except (OSError, TimeoutError) as error:
        raise SecoustiError(
            f"no server answers at {url} ({error}): start one with 'secousti serve'"
        ) from None


async def answered(
    socket: ClientConnection, wire: native.ClientWire, word: native.Hello | native.Resume
) -> native.Welcome | native.Resumed:
    """What the server says to the first word; raises :class:`SecoustiError` where that is no."""
    try:
        await socket.send(native.encode(word))
        async with asyncio.timeout(OPEN_S):
            event = wire.decode(await socket.recv())
    except ConnectionClosed as closed:
        raise SecoustiError(broken(closed)) from None
    except TimeoutError:
        raise SecoustiError("the server took the call but said nothing: try again") from None
    if isinstance(event, native.Welcome | native.Resumed):
        return event
    if isinstance(event, native.Failure) and event.code == CloseCode.NO_SUCH_CALL:
        raise CallOver(f"the server has ended the call: {event.message}")
    told = event.message if isinstance(event, native.Failure) else "it said no welcome"
    raise SecoustiError(f"the server did not take the call: {told}{_when(event)}")


def broken(closed: ConnectionClosed) -> str:
    """A closed socket as one sentence."""
    if closed.rcvd is None:
        return "the line to the server broke: call again"
    code = closed.rcvd.code
    known = MEANING[CloseCode(code)] if code in set(CloseCode) else "no meaning known"
    return f"the server closed the call with {code}: {closed.rcvd.reason or known}"


def _when(event: native.ServerEvent) -> str:
    """When a server that is full may have room."""
    wait = event.retry_after_s if isinstance(event, native.Failure) else None
    return "" if wait is None else f" (in about {wait} s)"
