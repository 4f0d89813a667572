"""When a far end is heard: it plays what comes, after what is queued, and drops it when told to."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise

PAUSE_S = 1.0  # sound that comes after so long a silence is of another reply


@dataclass
class Reply:
    """One reply as it came: when, and how many seconds, each piece; it is heard ``until``."""

    pieces: list[tuple[float, float]] = field(default_factory=list)
    until: float = 0.0

    @property
    def last_came(self) -> float:
        """When its last piece came."""
        return self.pieces[-1][0]

    def gaps(self) -> list[float]:
        """Seconds between one piece and the next."""
        return [later - at for (at, _), (later, _) in pairwise(self.pieces)]

    def drift(self, lead_s: float) -> float | None:
        """How many seconds later than its place the last piece came, counted from the first that
        was paced (behind ``lead_s``); None where none was."""
        place, origin = 0.0, None
        for at, seconds in self.pieces:
            place += seconds
            if origin is None and place > lead_s + 1e-6:
                origin = at - place
        return None if origin is None else self.last_came - place - origin


class Loudspeaker:
    """One caller's. All times are of one clock, in seconds."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.busy_until = 0.0
        self._came: list[float] = []
        self._fresh = True  # what comes next is another reply

    def take(self, at: float, seconds: float) -> None:
        """Sound came in."""
        if self._fresh or at - self.busy_until > PAUSE_S:
            self.replies.append(Reply())
        self._fresh = False
        self.busy_until = max(at, self.busy_until) + seconds
        self.replies[-1].pieces.append((at, seconds))
        self.replies[-1].until = self.busy_until
        self._came.append(at)

    def empty(self, at: float) -> None:
        """What is queued is dropped."""
        if self.replies and self.busy_until > at:
            self.replies[-1].until = self.busy_until = at
        self._fresh = True

    def silent_for(self, now: float) -> float:
        """Seconds since the last sound was heard; negative while there is some."""
        return now - self.busy_until

    def first_after(self, moment: float) -> float | None:
        """When the first piece after ``moment`` came."""
        index = bisect_right(self._came, moment)
        return self._came[index] if index < len(self._came) else None
