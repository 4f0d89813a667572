"""Coming back: a call whose connection broke waits for its caller, who brings the call's secret.

The secret is compared in constant time, and a wrong one waits for its answer as long as a wrong
session name does, so neither can be searched for.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from hmac import compare_digest
from typing import Any, Protocol

from server.link import Link
from server.wires.closing import MEANING, CallEnded, CloseCode
from server.wires.native import Resume

TOKEN_BYTES = 32
WRONG_S = 1.0  # what a guess costs; those who wait for it are bounded like all who wait


class Seat:
    """One call's place in the house, where its caller may come back to; ``link`` is the newest
    connection. ``leaving`` is set when the server is going."""

    def __init__(self, link: Link, leaving: asyncio.Event) -> None:
        self.link, self.leaving = link, leaving
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._back: asyncio.Queue[tuple[Link, Resume]] = asyncio.Queue()

    def come_back(self, link: Link, word: Resume) -> None:
        """The caller is there again; of several connections the newest wins."""
        replaced = CallEnded(CloseCode.REPLACED, MEANING[CloseCode.REPLACED])
        self.link.release(replaced)
        self._turn_away(replaced)
        self._back.put_nowait((link, word))

    async def caller(self) -> Resume:
        """Waits until the caller is back, and gives him the call."""
        self.link, word = await self._back.get()
        return word

    def close(self, ended: CallEnded) -> None:
        """The call is over; everybody who is connected to it learns how."""
        self._turn_away(ended)
        self.link.release(ended)

    def _turn_away(self, ended: CallEnded) -> None:
        while not self._back.empty():
            self._back.get_nowait()[0].release(ended)


class Register(Protocol):
    """Who else wants to know which calls there are; must not block."""

    def enter(self, session: str) -> None: ...
    def leave(self, session: str) -> None: ...


class Seats:
    """Every running call's, by its session's name, and the tasks that run them."""

    def __init__(self, register: Register | None = None) -> None:
        self._register = register
        self._seats: dict[str, Seat] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._nobody = secrets.token_urlsafe(TOKEN_BYTES)

    def keep(self, session: str, seat: Seat) -> None:
        self._seats[session] = seat
        if self._register is not None:
            self._register.enter(session)

    def forget(self, session: str) -> None:
        self._seats.pop(session, None)
        if self._register is not None:
            self._register.leave(session)

    def start(self, call: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs a call, which may outlive the connection that began it."""
        task = asyncio.create_task(call)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        return task

    async def leave(self, patience_s: float) -> None:
        """Has every call end, also of those who are away; after ``patience_s`` they are cut."""
        for seat in self._seats.values():
            seat.leaving.set()
        calls = list(self._calls)
        if calls:
            await asyncio.wait(calls, timeout=patience_s)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def find(self, word: Resume) -> Seat:
        """The seat that ``word`` has the secret of; raises :class:`CallEnded`."""
        seat = self._seats.get(word.session)
        if not (seat is not None and seat.link.wire.keeps_place):
            seat = None
        expected = self._nobody if seat is None else seat.token
        right = compare_digest(expected.encode(), word.token.encode(errors="surrogatepass"))
        if seat is None or not right:
            await asyncio.sleep(WRONG_S)
            raise CallEnded(CloseCode.NO_SUCH_CALL, MEANING[CloseCode.NO_SUCH_CALL])
        return seat
