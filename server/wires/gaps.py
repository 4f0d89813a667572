"""What is missing in a numbered stream of sound, told by the numbers on what does come."""

from __future__ import annotations

AT_ONCE = 50  # chunks; a longer gap is not made up to its end: the caller's words are lost anyway
LATE_CHUNKS = 2  # by which a time must run ahead of the sound: one may be rounding


class Numbered:
    """Chunks that are counted: 1, 2, 3 ... One number that is skipped is one chunk of the last
    one's length; numbers that go back or stand still say nothing."""

    def __init__(self) -> None:
        self._last: int | None = None

    def missing(self, number: int) -> int:
        """How many chunks are missing before this one."""
        last, self._last = self._last, number
        return 0 if last is None else min(AT_ONCE, max(0, number - last - 1))


class Timed:
    """Chunks that say at which millisecond of the stream they begin; also where what was skipped
    was never counted."""

    def __init__(self) -> None:
        self._due: float | None = None  # where the next chunk begins, if nothing is missing

    def missing(self, at_ms: int, chunk_ms: float, counted: int = 0) -> int:
        """How many chunks of ``chunk_ms`` are missing before the one that begins at ``at_ms``, of
        which ``counted`` are known to be."""
        due = at_ms if self._due is None else min(self._due + counted * chunk_ms, at_ms)
        late = int((at_ms - due) / chunk_ms + 0.5)
        late = late if late >= LATE_CHUNKS else 0
        chunks = min(AT_ONCE, counted + late)
        self._due = (at_ms if chunks == AT_ONCE else due + late * chunk_ms) + chunk_ms
        return chunks
