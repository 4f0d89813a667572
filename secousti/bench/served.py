"""A server to be measured: ``secousti serve`` in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import httpx

from codec.errors import SecoustiError
from secousti.bench.scrape import Scrape
from secousti.origins import PREFIX

COMMAND = (sys.executable, "-m", "secousti", "serve")
START_S = 300.0  # the models of a machine that has much else to do
STOP_S = 30.0
LAST_LINES = 3  # of what a server that ended said


class Reachable(Protocol):
    """A server that calls can be made to; a test's is in its own process."""

    @property
    def port(self) -> int: ...
    @property
    def audiosocket_port(self) -> int: ...
    async def scrape(self) -> Scrape: ...
    async def health(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Served:
    """A server that answers on loopback."""

    process: asyncio.subprocess.Process
    port: int
    audiosocket_port: int

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def scrape(self) -> Scrape:
        """Its metrics now."""
        return Scrape.of(await self._get("/metrics"))

    async def health(self) -> dict[str, Any]:
        """What ``/healthz`` says."""
        answer: dict[str, Any] = json.loads(await self._get("/healthz"))
        return answer

    def waited_s(self) -> float:
        """Seconds that its threads have been ready to run and had no core, all of them together
        (Linux, the second field of ``schedstat``); 0.0 where nobody counts them."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[1]) for thread in threads) / 1e9

    async def _get(self, path: str) -> str:
        async with httpx.AsyncClient(trust_env=False, timeout=STOP_S) as web:
            return (await web.get(self.web + path)).text


@asynccontextmanager
async def served(
    words: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    command: Sequence[str] = COMMAND,
) -> AsyncIterator[Served]:
    """A server with ``words`` of ``secousti serve``; ``settings`` are those that have no flag, in
    capitals.

    Raises:
        SecoustiError: it did not start; with the last lines that it said.
    """
    audiosocket_port = free_port()
    own = ("--port", "0", "--audiosocket-port", str(audiosocket_port))
    with tempfile.TemporaryFile("w+") as told:
        process = await asyncio.create_subprocess_exec(
            *command,
            *own,
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=told,
            env={
                **os.environ,
                **{PREFIX + name.upper(): v for name, v in (settings or {}).items()},
            },
        )
        try:
            port = await _port(process, told)
            yield Served(process, port, audiosocket_port)
        finally:
            await _stop(process)


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


async def _port(process: asyncio.subprocess.Process, told: IO[str]) -> int:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_S):
            async for line in process.stdout:
                if line.startswith(b"answering at "):
                    return int(line.split()[2].rpartition(b":")[2])
    except TimeoutError:
        raise SecoustiError(f"the server did not start within {START_S:.0f} s") from None
    told.seek(0)
    said = " | ".join(told.read().splitlines()[-LAST_LINES:])
    raise SecoustiError(f"the server did not start: {said or 'it said nothing'}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
