"""The first sound of an answer that may be wanted, made while the caller pauses.

The answer that is worked out at a pause (:mod:`server.dialogue`) is spoken ahead too: the first
piece of its first sentence, and no more. When the turn is over it is there; when the caller goes
on, it is dropped with whatever would have made the rest. No codec has seen it, so nothing remembers
it. What is made ahead takes time from callers who wait for it now, so all of a server's together
are few (:class:`Spare`); who finds no room is spoken for when the turn is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Literal

from server.parts import Pcm

Outcome = Literal["said", "dropped", "no_room"]


class Making:
    """The sound of one sentence, made in ``pool`` piece by piece as it is asked for."""

    def __init__(self, make: Callable[[], Iterable[Pcm]], pool: Executor) -> None:
        self._make, self._pool = make, pool
        self._pieces: Iterator[Pcm] | None = None
        self._begun: asyncio.Future[Pcm | None] | None = None

    def begin(self, done: Callable[[], None]) -> None:
        """Has the first piece made ahead of :meth:`next`; tells ``done`` when it is."""
        self._begun = self._asked()
        self._begun.add_done_callback(lambda work: _looked_at(work, done))

    async def next(self) -> Pcm | None:
        """The next piece, float32 ``[T]``, or None at the end; raises what the voice raises."""
        begun, self._begun = self._begun, None
        return await (begun or self._asked())

    def _asked(self) -> asyncio.Future[Pcm | None]:
        return asyncio.get_running_loop().run_in_executor(self._pool, self._piece)

    def _piece(self) -> Pcm | None:
        if self._pieces is None:
            self._pieces = iter(self._make())
        return next(self._pieces, None)


class Spare:
    """How many first sounds all callers of a server may have made ahead at once. ``count`` is told
    what became of each."""

    def __init__(self, most: int, count: Callable[[Outcome], None] = lambda outcome: None) -> None:
        self.count = count
        self._left = most

    def take(self) -> bool:
        """Room for one more, if there is; to be given back with :meth:`give_back`."""
        if self._left <= 0:
            self.count("no_room")
            return False
        self._left -= 1
        return True

    def give_back(self) -> None:
        self._left += 1


@dataclass(frozen=True)
class _First:
    """What was begun: ``key`` is a sentence and its pace."""

    key: tuple[str, float]
    sound: Making


class Ahead:
    """One caller's: at most one sentence is begun."""

    def __init__(self, pool: Executor, spare: Spare) -> None:
        self._pool, self._spare = pool, spare
        self._first: _First | None = None

    def begin(self, sentence: str, pace: float, make: Callable[[], Iterable[Pcm]]) -> None:
        """Has the first piece of ``make()`` made, where there is room; drops what was before."""
        key = sentence, pace
        if self._first is not None and self._first.key == key:
            return
        self.drop()
        if self._spare.take():
            self._first = _First(key, Making(make, self._pool))
            self._first.sound.begin(self._spare.give_back)

    def take(self, sentence: str, pace: float) -> Making | None:
        """The sound of that sentence, if it is what was begun; anything else is dropped."""
        if self._first is None or self._first.key != (sentence, pace):
            self.drop()
            return None
        sound, self._first = self._first.sound, None
        self._spare.count("said")
        return sound

    def drop(self) -> None:
        """What was begun is not wanted."""
        if self._first is not None:
            self._first = None
            self._spare.count("dropped")


def _looked_at(work: asyncio.Future[Pcm | None], done: Callable[[], None]) -> None:
    """A voice may fail without a word where nobody takes its sound."""
    done()
    if not work.cancelled():
        work.exception()
