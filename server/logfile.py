"""Where a call log's lines go: to the disk at once, or by a thread that no call ever waits for.

A disk may be full, slow, or hang. A server's calls go on then: the log of each that is concerned
ends where it is, and one line of the process's log, which the metrics count, says so.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from codec.errors import SecoustiError

log = logging.getLogger(__name__)

MOST_WAITING = 1_048_576  # bytes of one call: minutes of tokens, seconds of samples
CLOSE_S = 5.0  # a disk that hangs does not keep a server from ending


class LogFile(Protocol):
    """Takes a log's bytes in order."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...


class OwnFile:
    """``path``, which must not exist yet, written before :meth:`write` returns.

    Raises:
        SecoustiError: the file exists or cannot be written; here and in every method.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
            self._file: int | None = os.open(path, flags, 0o600)  # a voice is personal
        except OSError as error:
            raise self._fault(error) from error

    def write(self, data: bytes) -> None:
        """Hands all of ``data`` to the operating system; nothing after :meth:`close`."""
        try:
            while self._file is not None and data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise self._fault(error) from error

    def close(self) -> None:
        """Hands the file to the disk and closes it. Safe to call twice."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            os.fsync(file)
        except OSError as error:
            raise self._fault(error) from error
        finally:
            os.close(file)

    def _fault(self, error: OSError) -> SecoustiError:
        return SecoustiError(f"cannot write the call log {self._path}: {error.strerror}")


class Scribe:
    """The thread that writes the logs of all calls of one server."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "secousti-log")

    def file(self, path: Path) -> LogFile:
        """``path``, made and written behind the call; no method waits or raises."""
        return _LaterFile(path, self._thread)

    async def close(self) -> None:
        """Waits for what is still to be written."""
        last = self._thread.submit(lambda: None)
        try:
            async with asyncio.timeout(CLOSE_S):
                await asyncio.wrap_future(last)
        except TimeoutError:
            log.error("the disk of the call logs does not answer: their ends are lost")
        self._thread.shutdown(wait=False, cancel_futures=True)


class _LaterFile:
    """One log; written in the scribe's thread, asked in the event loop's."""

    def __init__(self, path: Path, thread: ThreadPoolExecutor) -> None:
        self._path, self._thread = path, thread
        self._file: OwnFile | None = None
        self._waiting, self._lock = 0, threading.Lock()
        self._lost = False

    def write(self, data: bytes) -> None:
        with self._lock:
            self._waiting += len(data)
        if self._waiting > MOST_WAITING:
            self._lose("the disk is too slow")
        if not self._lost:
            self._thread.submit(self._put, data)

    def close(self) -> None:
        self._thread.submit(self._close)

    def _put(self, data: bytes) -> None:
        with self._lock:
            self._waiting -= len(data)
        if self._lost:
            return
        try:
            self._file = self._file or OwnFile(self._path)
            self._file.write(data)
        except SecoustiError as error:
            self._lose(str(error))

    def _close(self) -> None:
        try:
            if self._file is not None:
                self._file.close()
        except SecoustiError as error:
            self._lose(str(error))

    def _lose(self, why: str) -> None:
        """What comes later would stand in a wrong place: the log ends here."""
        if not self._lost:
            self._lost = True
            log.error("a call goes on and its log ends: %s", why)
