"""The unit of work: the one way to change the database.

`with write():` opens it; leaving it commits everything or, on an exception, nothing. Inside another one it joins.
What should happen only once the change is committed (waking the senders) is given to `after_commit`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.database import WRITE
from webapp.database.hot import Driver, HotStatement, driver_of
from webapp.database.queue import write_turn
from webapp.database.transactions import transaction
from webapp.errors import DatabaseBusy
from webapp.extensions import db

log = logging.getLogger(__name__)
CONFIGURATION_LOCK = 7_206_001
WORD_LOCK = 7_206_002
WORD_LOCKS = 64
_LOCK_SLOTS = text("SELECT pg_advisory_xact_lock(:space, slot) FROM unnest(CAST(:slots AS integer[])) AS slot")
WRONG_STATEMENT = "SQLITE_ERROR"  # SQLite's for what PostgreSQL calls a programming error


@contextmanager
def write(*, shared: bool = False) -> Iterator[Session]:
    """A durable write transaction on the request's session. Raises DatabaseBusy when the database stays locked.

    `shared`: see `transaction`; for the units of programs that send much at once.
    """
    session = db.session()
    if "connection" in session.info:
        yield session
        return
    session.rollback()
    followers: list[Callable[[], None]] = []
    with busy_is_told(), transaction(db.engine, shared=shared) as connection:
        session.info.update(connection=connection, after_commit=followers)
        try:
            yield session
            if session.in_transaction():
                session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            del session.info["connection"], session.info["after_commit"]
    for follow in followers:
        _follow(follow)


def _follow(follow: Callable[[], None]) -> None:
    """The change is committed and stays so: a caller who heard of an error now would repeat it."""
    try:
        follow()
    except Exception:
        log.exception("what should follow a committed change failed")


@contextmanager
def write_results(engine: Engine) -> Iterator[Connection]:
    """A write transaction outside any request, on a connection of `engine`, for the senders' own bookkeeping."""
    with write_turn(engine), engine.connect().execution_options(**WRITE) as connection, connection.begin():
        yield connection


def driver(session: Session) -> Driver:
    """The driver in the transaction of the session, for hot statements; what the session has pending is written."""
    if session.in_transaction():
        session.flush()
    return driver_of(session.info.get("connection") or session.connection())


def after_commit(follow: Callable[[], None]) -> None:
    """Call `follow` once the present unit of work is committed; the same function is called once.

    An error of `follow` is logged and goes no further.
    """
    followers = db.session().info["after_commit"]
    if follow not in followers:
        followers.append(follow)


def insert_rows(
    session: Session, id_column: InstrumentedAttribute[int], rows: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Insert many rows with the same columns into the table of `id_column`; their ids, in the order of `rows`.

    None is stored as NULL; a column that is not given takes its default, which must be a constant.
    """
    return _insertion(id_column, tuple(rows[0])).numbers(driver(session), rows) if rows else []


@lru_cache
def _insertion(id_column: InstrumentedAttribute[int], columns: tuple[str, ...]) -> HotStatement:
    return HotStatement(insert(id_column.class_.__table__).returning(id_column), columns)


def lock_configuration(session: Session) -> None:
    """Changes of the configuration go one after the other, also on PostgreSQL (SQLite has one writer anyway)."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CONFIGURATION_LOCK})


def lock_words(session: Session, words: Iterable[str]) -> None:
    """Units that lock the same words go one after the other until they are committed (SQLite has one writer anyway).

    Words share 64 locks, taken in order, so that a unit with many neither exhausts the server's locks nor deadlocks.
    """
    if session.get_bind().dialect.name == "postgresql":
        slots = sorted({crc32(word.encode()) % WORD_LOCKS for word in words})
        session.execute(_LOCK_SLOTS, {"space": WORD_LOCK, "slots": slots})


@contextmanager
def busy_is_told() -> Iterator[None]:
    """Turns the drivers' ways to say "locked", "full" or "gone" into DatabaseBusy; a wrong statement stays one."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorname", None) == WRONG_STATEMENT:
            raise
        raise DatabaseBusy(str(error.orig)) from error
    except PoolTimeout as error:
        raise DatabaseBusy("All connections to the database are in use.") from error
