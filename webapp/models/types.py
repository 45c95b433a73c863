"""Column types and mixins that several nouns share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, TypeDecorator
from sqlalchemy.dialects.sqlite import DATETIME
from sqlalchemy.orm import Mapped, mapped_column

from webapp.clock import now

# SQLite makes only an INTEGER primary key the rowid; PostgreSQL should count in 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")


class _SqliteTime(DATETIME):
    """The text that SQLAlchemy writes too (`2026-11-23 22:56:00.123456`), written and read in a tenth of the time."""

    def bind_processor(self, dialect: Any) -> Callable[[datetime | None], str | None]:
        return lambda value: None if value is None else value.isoformat(" ", "microseconds")

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[str | None], datetime | None]:
        return lambda text: None if text is None else datetime.fromisoformat(text)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database. A naive value is a bug and is refused."""

    impl = DateTime(timezone=True).with_variant(_SqliteTime(), "sqlite")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone reached the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Named:
    """What people configure: a number, a unique name, and a version that two editors cannot both move."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
