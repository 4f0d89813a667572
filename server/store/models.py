"""The tables of the call store, the same in SQLite and PostgreSQL. Times are seconds since 1970."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = 1  # counts up with every change that older code could not read


class Base(DeclarativeBase):
    """What all tables share: JSON columns for records of :mod:`voice_agent.contracts`."""

    type_annotation_map = {dict[str, Any]: JSON}  # noqa: RUF012


class SchemaRow(Base):
    """One row: which version of these tables the store has."""

    __tablename__ = "schema"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]


class CallerRow(Base):
    """Somebody who calls, by the keyed hash of what the operator calls him; his crisis state."""

    __tablename__ = "callers"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_seen: Mapped[float] = mapped_column(Float)
    last_seen: Mapped[float] = mapped_column(Float, index=True)
    risk: Mapped[dict[str, Any] | None]


class CallRow(Base):
    """One call: when, by which wire, how it went and ended; ``ended`` is null while it runs, and
    for good where the server was killed. ``log`` is the path of its token log."""

    __tablename__ = "calls"
    session: Mapped[str] = mapped_column(String(64), primary_key=True)
    caller: Mapped[str | None] = mapped_column(
        ForeignKey("callers.id", ondelete="CASCADE"), index=True
    )
    tenant: Mapped[str] = mapped_column(String(128))
    wire: Mapped[str] = mapped_column(String(32))
    started: Mapped[float] = mapped_column(Float, index=True)
    ended: Mapped[float | None] = mapped_column(Float)
    code: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(300))
    report: Mapped[dict[str, Any] | None]
    log: Mapped[str | None] = mapped_column(String(1024))


class UnderwayRow(Base):
    """What a caller is in the middle of (an exercise, a practised talk, a scale), so that he can go
    on after a call that broke off. It may hold words of his answers, and goes with the call."""

    __tablename__ = "underway"
    caller: Mapped[str] = mapped_column(
        ForeignKey("callers.id", ondelete="CASCADE"), primary_key=True
    )
    since: Mapped[float] = mapped_column(Float)
    state: Mapped[dict[str, Any]]


class MemoryRow(Base):
    """Something that a caller agreed to have remembered."""

    __tablename__ = "memories"
    id: Mapped[int] = mapped_column(primary_key=True)
    caller: Mapped[str] = mapped_column(ForeignKey("callers.id", ondelete="CASCADE"), index=True)
    item: Mapped[str] = mapped_column(String(2000))
    kind: Mapped[str] = mapped_column(String(64))
    sensitivity: Mapped[str] = mapped_column(String(32))
    expires: Mapped[float | None] = mapped_column(Float)
