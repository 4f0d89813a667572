"""The store as calls see it: off the event loop, in order, and never in a call's way.

One thread does all of it. A caller's past is waited for a moment and done without if it does not
come; what a call leaves is written behind it. A store that fails is a line in the log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from server.parts import Conversation, Known, Remembering
from server.settings import ServerSettings
from server.store.place import Place, place_of
from server.store.store import CallStore, Entry, Outcome, State
from server.wires.closing import CallEnded
from voice_agent.contracts import to_json

log = logging.getLogger(__name__)

KNOWN_S = 2.0  # a caller hears nothing while his past is looked up
CLOSE_S = 5.0  # a store that hangs does not keep a server from ending
SWEEP_S = 3600.0  # between looks for what has become too old
DAY_S = 86_400.0


class Keeper:
    """Keeps the calls of one server at ``store`` for ``keep_days``; ``clock`` gives the time of
    day. Raises :class:`~codec.errors.SecoustiError` where there can be no store."""

    def __init__(
        self,
        store: str,
        key: str | None = None,
        keep_days: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._place: Place = place_of(store, key)
        self._store = CallStore(self._place)
        self._keep_s, self._clock = keep_days * DAY_S, clock
        self._thread = ThreadPoolExecutor(1, "secousti-store")
        self._sweeping: asyncio.Task[None] | None = None

    async def known(self, caller: str, tenant: str) -> Known:
        """What earlier calls have left of ``caller``, as the operator calls him."""
        id_ = self._place.id_of(caller, tenant)
        work = self._thread.submit(self._store.known, id_, self._clock())
        try:
            async with asyncio.timeout(KNOWN_S):
                return await asyncio.wrap_future(work)
        except TimeoutError:
            log.error("the call store is too slow: a caller is taken as a new one")
        except Exception:
            log.exception("the call store failed: a caller is taken as a new one")
        return Known()

    def call(self, session: str, wire: str, tenant: str, caller: str) -> KeptCall:
        """A call that begins; ``caller`` is empty where nobody has said who it is."""
        id_ = self._place.id_of(caller, tenant) if caller else None
        return KeptCall(self, Entry(session, wire, tenant, self._clock(), id_))

    def write(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        """Has the store do something, after all that was asked before."""
        future = self._thread.submit(work, *args)
        future.add_done_callback(_failed)
        return future

    def start(self) -> None:
        """Begins to sweep: now, and every hour."""
        self._sweeping = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        while True:
            self.write(self._store.sweep, self._clock(), self._keep_s)
            await asyncio.sleep(SWEEP_S)

    async def close(self) -> None:
        """Waits for what is still to be written."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        last = self.write(self._store.close)
        try:
            async with asyncio.timeout(CLOSE_S):
                await asyncio.wrap_future(last)
        except Exception:
            log.error("the call store does not end: what was last asked of it may be lost")
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def store(self) -> CallStore:
        return self._store

    def now(self) -> float:
        return self._clock()


class KeptCall:
    """One call's rows."""

    def __init__(self, keeper: Keeper, entry: Entry) -> None:
        self._keeper, self._entry = keeper, entry
        self._conversation: Conversation | None = None

    def begin(self, conversation: Conversation, log_path: Path | None) -> None:
        """It was admitted; its token log, if one is kept, is at ``log_path``."""
        self._conversation = conversation
        entry = replace(self._entry, log=log_path)
        self._keeper.write(self._keeper.store.begin, entry)

    def turn(self) -> None:
        """A turn was answered: what the conversation would have kept now is committed."""
        state = state_of(self._conversation, self._keeper.now())
        if state is not None:
            self._keeper.write(self._keeper.store.keep, self._entry.session, state)

    def end(self, ended: CallEnded) -> None:
        """It is over."""
        outcome = Outcome(self._keeper.now(), int(ended.code), ended.reason)
        state = state_of(self._conversation, self._keeper.now())
        self._keeper.write(self._keeper.store.keep, self._entry.session, state, outcome)


def keeper_of(settings: ServerSettings) -> Keeper | None:
    """The keeper that the settings ask for; None: nothing is kept."""
    if settings.store is None:
        return None
    return Keeper(settings.store, settings.store_key, settings.keep_days)


def state_of(conversation: Conversation | None, now: float) -> State | None:
    """What a conversation would have kept; None for one that remembers nothing, or fails to."""
    if not isinstance(conversation, Remembering):
        return None
    try:
        report = to_json(conversation.report())
        doing = conversation.activities.state()
        underway = doing if doing["current"] or doing["paused"] else None
        return State(conversation.risk, tuple(conversation.memories), report, underway, now)
    except Exception:
        log.exception("what a call leaves could not be told")
        return None


def _failed(future: Future[Any]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        log.error("the call store failed: %s", error)
