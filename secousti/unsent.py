"""What a caller said last, kept until a server that was lost says how much of it has come."""

from __future__ import annotations

from collections import deque

from codec import SAMPLE_RATE_HZ

KEPT_S = 6.0  # of sound; the server takes eight seconds at once and no more


class Unsent:
    """The last messages of one caller's stream, in order, counted from the call's beginning."""

    def __init__(self) -> None:
        self._first = 0  # how many were forgotten
        self._messages: deque[tuple[bytes | str, int]] = deque()
        self._samples = 0

    def add(self, message: bytes | str, samples: int) -> None:
        """Keeps one message that carries so much sound; what is too old is forgotten."""
        self._messages.append((message, samples))
        self._samples += samples
        while self._samples > KEPT_S * SAMPLE_RATE_HZ:
            self._samples -= self._messages.popleft()[1]
            self._first += 1

    def after(self, received: int) -> list[bytes | str] | None:
        """The messages that have not come, when ``received`` of the call have; None where some of
        them are forgotten."""
        known = received - self._first
        if not 0 <= known <= len(self._messages):
            return None
        return [message for message, _ in list(self._messages)[known:]]

    def restart(self, received: int) -> None:
        """Forgets everything: what follows comes after ``received`` messages."""
        self._first, self._samples = received, 0
        self._messages.clear()
