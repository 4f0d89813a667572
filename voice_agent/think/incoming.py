"""One answer of an endpoint while it comes in: one thread reads it, another waits for sentences."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from threading import Condition

MAX_CHARS = 4000  # of an answer; a runaway generator is cut there
LONGEST_S = 20.0  # of one answer; whoever still dribbles then is no use to a caller
# A full stop ends a sentence once something follows it: the 3.5 that is still coming has none.
_FINISHED = re.compile(r".*?[.!?][\"'\u201d\u2019)]*(?=\s)", re.DOTALL)
_ENDS = re.compile(r"[.!?][\"'\u201d\u2019)]*\s*$")


class Incoming:
    """Text received so far. Of two threads, one feeds and ends it; the other one waits and stops.

    No sentence is waited for longer than ``deadline_s``.
    """

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._until = time.monotonic() + LONGEST_S
        self._news = Condition()
        self._text, self._taken = "", 0
        self._over = self._stopped = False
        self._socket: socket.socket | None = None
        self.fault: Exception | None = None

    # ------------------------------------------------------------------ who reads it off the line

    @property
    def stopped(self) -> bool:
        """Whether nobody wants it any more."""
        return self._stopped

    def carried_by(self, line: socket.socket | None) -> None:
        """The connection, which is cut when nobody wants the rest."""
        with self._news:
            self._socket = line

    def feed(self, piece: str) -> bool:
        """One more piece; False where no further one is wanted."""
        with self._news:
            self._text += piece
            self._news.notify_all()
            late = time.monotonic() > self._until
            return not (self._stopped or late or len(self._text) > MAX_CHARS)

    def end(self, piece: str = "", fault: Exception | None = None) -> None:
        """Nothing comes after ``piece``; ``fault``: the answer was broken off there."""
        with self._news:
            self._text = (self._text + piece)[:MAX_CHARS]
            self._over, self._socket, self.fault = True, None, fault
            self._news.notify_all()

    # ------------------------------------------------------------------ who wants its words

    @property
    def text(self) -> str:
        """All that has come."""
        return self._text

    @property
    def whole(self) -> bool:
        """Whether the answer is over, and was not broken off."""
        return self._over and self.fault is None and not self._stopped

    def wait(self) -> bool:
        """Waits for the end of the answer; whether it came in time, and in order."""
        with self._news:
            self._news.wait_for(lambda: self._over, self._deadline_s)
            return self.whole

    def begun(self) -> bool:
        """Waits for a sentence that nobody has taken; whether there is one."""
        with self._news:
            self._news.wait_for(self._settled, self._deadline_s)
            return bool((self._next() or self._tail()).strip())

    def take(self) -> str:
        """The next sentence that is there, as written; "" where there is none."""
        with self._news:
            found = self._next() or self._tail()
            self._taken += len(found)
            return found.strip()

    def sentences_in_time(self) -> str:
        """The finished sentences of an answer that was broken off."""
        with self._news:
            done = "".join(found.group() for found in _FINISHED.finditer(self._text))
            rest = self._text[len(done) :]
            return (done + rest if _ENDS.search(rest) else done).strip()

    def stop(self) -> None:
        """Nobody wants what has not come yet: the connection is cut. Safe to call twice."""
        with self._news:
            self._stopped = True
            self._news.notify_all()
            if self._socket is not None:
                _hang_up(self._socket)

    def _settled(self) -> bool:
        return self._over or self._stopped or bool(self._next())

    def _next(self) -> str:
        """The next finished sentence, or ""."""
        found = _FINISHED.match(self._text, self._taken)
        return found.group() if found else ""

    def _tail(self) -> str:
        """What is left of an answer from which no more comes; half a sentence only at its end."""
        rest = self._text[self._taken :]
        return rest if self.whole or _ENDS.search(rest) else ""


def _hang_up(line: socket.socket) -> None:
    """Wakes whoever reads from ``line``, also under TLS: closing alone would not."""
    with contextlib.suppress(OSError):  # the far end was quicker
        socket.socket.shutdown(line, socket.SHUT_RDWR)
