"""The call store itself: every method is one transaction, and blocks; :mod:`server.store.keeper`
keeps it off the event loop."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, delete, event, func, or_, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from codec.errors import SecoustiError
from server.parts import Known
from server.store.models import (
    SCHEMA,
    Base,
    CallerRow,
    CallRow,
    MemoryRow,
    SchemaRow,
    UnderwayRow,
)
from server.store.place import Place
from server.wires.closing import CloseCode
from voice_agent.contracts import Memory, RiskLevel, RiskState, to_json

log = logging.getLogger(__name__)

UNDERWAY_S = 3600.0  # after a call that broke off; later its thread is lost for both sides
ENDED_ON_PURPOSE = (CloseCode.NORMAL, CloseCode.CALL_LIMIT)


@dataclass(frozen=True)
class Entry:
    """A call that begins. ``caller`` is an id of :meth:`Place.id_of`, or None: nobody said."""

    session: str
    wire: str
    tenant: str
    started: float
    caller: str | None = None
    log: Path | None = None


@dataclass(frozen=True)
class State:
    """How far a call has come: what its conversation would have kept now.

    ``underway``: the state of what is being done together at the time ``at``, or None.
    """

    risk: RiskState
    memories: tuple[Memory, ...]
    report: dict[str, Any]
    underway: dict[str, Any] | None = None
    at: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """How a call ended."""

    ended: float
    code: int
    reason: str


@dataclass(frozen=True)
class CallerSummary:
    """One caller as an operator sees him."""

    id: str
    first_seen: float
    last_seen: float
    calls: int
    memories: int
    risk: str


class CallStore:
    """The store at ``place``; its tables are made where there are none.

    Raises:
        SecoustiError: no such database, no driver for it, or tables of another version.
    """

    def __init__(self, place: Place) -> None:
        self._where = place.url.partition("://")[0]
        with self._told():
            self._engine = create_engine(place.url)
            if self._engine.dialect.name == "sqlite":
                event.listen(self._engine, "connect", _careful)
            Base.metadata.create_all(self._engine)
            self._check_schema()

    def close(self) -> None:
        self._engine.dispose()

    # Calls.

    def known(self, caller: str, now: float) -> Known:
        """What earlier calls have left of a caller; memories that have expired are not."""
        with self._told(), Session(self._engine) as session:
            row = session.get(CallerRow, caller)
            if row is None:
                return Known()
            alive = or_(MemoryRow.expires.is_(None), MemoryRow.expires > now)
            found = session.scalars(
                select(MemoryRow).where(MemoryRow.caller == caller, alive).order_by(MemoryRow.id)
            )
            left = session.get(UnderwayRow, caller)
            fresh = left is not None and now - left.since <= UNDERWAY_S
            memories = tuple(_memory(memory) for memory in found)
            return Known(_risk(row.risk), memories, left.state if left and fresh else None)

    def begin(self, entry: Entry) -> None:
        """A call has been admitted."""
        with self._told(), Session(self._engine) as session, session.begin():
            if entry.caller is not None:
                row = session.get(CallerRow, entry.caller)
                if row is None:
                    row = CallerRow(id=entry.caller, first_seen=entry.started, last_seen=0.0)
                    session.add(row)
                row.last_seen = entry.started
                session.flush()
            session.add(
                CallRow(
                    session=entry.session,
                    caller=entry.caller,
                    tenant=entry.tenant,
                    wire=entry.wire,
                    started=entry.started,
                    log=None if entry.log is None else str(entry.log.resolve()),
                )
            )

    def keep(self, name: str, state: State | None, outcome: Outcome | None = None) -> None:
        """A call has come so far, or has ended. A caller who was deleted meanwhile stays so."""
        with self._told(), Session(self._engine) as session, session.begin():
            call = session.get(CallRow, name)
            if call is None:
                return
            if outcome is not None:
                call.ended, call.code = outcome.ended, outcome.code
                call.reason = outcome.reason[:300]
            if state is not None:
                call.report = state.report
                if call.caller is not None:
                    self._keep_caller(session, call.caller, state)
            if call.caller is not None:
                over = outcome is not None and outcome.code in ENDED_ON_PURPOSE
                _keep_underway(session, call.caller, state, over=over)

    def _keep_caller(self, session: Session, caller: str, state: State) -> None:
        row = session.get_one(CallerRow, caller)
        row.risk = to_json(state.risk)
        session.execute(delete(MemoryRow).where(MemoryRow.caller == caller))
        session.add_all(
            MemoryRow(
                caller=caller,
                item=memory.item[:2000],
                kind=memory.kind[:64],
                sensitivity=memory.sensitivity[:32],
                expires=memory.expires,
            )
            for memory in state.memories
            if memory.caller_confirmed
        )

    # An operator's wishes.

    def count(self) -> int:
        """How many calls it holds, running ones among them."""
        with self._told(), Session(self._engine) as session:
            return session.scalar(select(func.count()).select_from(CallRow)) or 0

    def callers(self) -> list[CallerSummary]:
        """Everybody the store knows, the latest first."""
        calls = select(func.count()).where(CallRow.caller == CallerRow.id).scalar_subquery()
        kept = select(func.count()).where(MemoryRow.caller == CallerRow.id).scalar_subquery()
        with self._told(), Session(self._engine) as session:
            rows = session.execute(
                select(CallerRow, calls, kept).order_by(CallerRow.last_seen.desc())
            ).all()
            return [
                CallerSummary(
                    row.id, row.first_seen, row.last_seen, n, m, _risk(row.risk).level.value
                )
                for row, n, m in rows
            ]

    def export(self, caller: str) -> dict[str, Any]:
        """Everything about one caller as plain JSON values; raises where nobody has that id."""
        with self._told(), Session(self._engine) as session:
            row = self._found(session, caller)
            calls = session.scalars(
                select(CallRow).where(CallRow.caller == caller).order_by(CallRow.started)
            )
            kept = session.scalars(select(MemoryRow).where(MemoryRow.caller == caller))
            left = session.get(UnderwayRow, caller)
            return {
                "caller": _plain(row),
                "calls": [_plain(call) for call in calls],
                "memories": [_plain(memory) for memory in kept],
                "underway": None if left is None else _plain(left),
            }

    def forget(self, caller: str) -> int:
        """Deletes a caller, with his calls, memories and their logs; how many calls there were."""
        with self._told(), Session(self._engine) as session, session.begin():
            self._found(session, caller)
            calls = session.scalars(select(CallRow).where(CallRow.caller == caller)).all()
            _unlink(calls)
            for rows in (UnderwayRow, MemoryRow, CallRow):
                session.execute(delete(rows).where(rows.caller == caller))
            session.execute(delete(CallerRow).where(CallerRow.id == caller))
            return len(calls)

    def sweep(self, now: float, keep_s: float) -> int:
        """Deletes what is older than ``keep_s``: calls with their logs, callers who have not called
        since, and memories that have expired; how many calls went."""
        oldest = now - keep_s
        with self._told(), Session(self._engine) as session, session.begin():
            old = session.scalars(select(CallRow).where(CallRow.started < oldest)).all()
            _unlink(old)
            session.execute(delete(CallRow).where(CallRow.started < oldest))
            gone = select(CallerRow.id).where(CallerRow.last_seen < oldest)
            expired = MemoryRow.expires <= now
            session.execute(delete(MemoryRow).where(or_(expired, MemoryRow.caller.in_(gone))))
            session.execute(delete(UnderwayRow).where(UnderwayRow.since < now - UNDERWAY_S))
            session.execute(delete(CallerRow).where(CallerRow.last_seen < oldest))
            return len(old)

    # Inside.

    def _found(self, session: Session, caller: str) -> CallerRow:
        row = session.get(CallerRow, caller)
        if row is None:
            raise SecoustiError(f"nobody in this store has the id {caller}: see 'callers list'")
        return row

    def _check_schema(self) -> None:
        with Session(self._engine) as session, session.begin():
            row = session.get(SchemaRow, 1)
            if row is None:
                session.add(SchemaRow(id=1, version=SCHEMA))
            elif row.version != SCHEMA:
                raise SecoustiError(
                    f"the store has tables of version {row.version}, this server reads {SCHEMA}: "
                    "use the version that wrote it, or name another place"
                )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A database's fault as one sentence; its own text, which may hold a row, stays out."""
        try:
            yield
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise SecoustiError(
                f"cannot use a store of kind {self._where}: {error}; PostgreSQL is "
                "postgresql+pg8000://user:password@host/name, with pip install 'secousti[postgres]'"
            ) from error
        except SQLAlchemyError as error:
            raise SecoustiError(
                f"the call store ({self._where}) failed: {type(error).__name__}; is it there, "
                "writable and not full?"
            ) from error


def _careful(connection: Any, _: object) -> None:
    """Committed is committed, also when the machine stops; readers do not wait for a writer."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")


def _keep_underway(session: Session, caller: str, state: State | None, *, over: bool) -> None:
    """What is under way now, in place of what was; nothing once a call has ended on purpose."""
    if state is None and not over:
        return
    session.execute(delete(UnderwayRow).where(UnderwayRow.caller == caller))
    if not over and state is not None and state.underway is not None:
        session.add(UnderwayRow(caller=caller, since=state.at, state=state.underway))


def _unlink(calls: Sequence[CallRow]) -> None:
    for call in calls:
        if call.log is not None:
            try:
                Path(call.log).unlink(missing_ok=True)
            except OSError as error:
                raise SecoustiError(f"cannot delete {call.log}: {error.strerror}") from error


def _plain(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__mapper__.columns}


def _risk(kept: dict[str, Any] | None) -> RiskState:
    if kept is None:
        return RiskState()
    lists = {name: tuple(kept[name]) for name in ("evidence", "resources_given")}
    return RiskState(**{**kept, **lists, "level": RiskLevel(kept["level"])})


def _memory(row: MemoryRow) -> Memory:
    return Memory(row.item, row.kind, True, row.sensitivity, row.expires)
