"""Which server of a fleet has which call, so that a caller who comes back is sent to his."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Directory(Protocol):
    """What a fleet shares. A server's name is its ``host:port`` as the others reach it."""

    async def joined(self, server: str) -> None: ...
    async def left(self, server: str) -> None: ...

    def enter(self, session: str, server: str) -> None:
        """``server`` has this call now; must not block."""
        ...

    def leave(self, session: str) -> None:
        """The call is over; must not block."""
        ...

    async def where(self, session: str) -> str | None:
        """The server that has the call, None where nobody does."""
        ...

    async def servers(self) -> Sequence[str]:
        """All that have joined, oldest first."""
        ...


class Listing:
    """The directory itself, in one process; one thread at a time."""

    def __init__(self) -> None:
        self._servers: dict[str, None] = {}
        self._sessions: dict[str, str] = {}

    async def joined(self, server: str) -> None:
        self._servers[server] = None

    async def left(self, server: str) -> None:
        self._servers.pop(server, None)
        self._sessions = {name: of for name, of in self._sessions.items() if of != server}

    def enter(self, session: str, server: str) -> None:
        self._sessions[session] = server

    def leave(self, session: str) -> None:
        self._sessions.pop(session, None)

    async def where(self, session: str) -> str | None:
        return self._sessions.get(session)

    async def servers(self) -> Sequence[str]:
        return list(self._servers)
