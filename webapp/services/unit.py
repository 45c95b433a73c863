"""The unit of work: the one way to change the database.

`with write():` opens it; leaving it commits everything or, on an exception, nothing. Inside another one it joins.
What should happen only once the change is committed (waking the senders) is given to `after_commit`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from webapp.database import WRITE, write_turn
from webapp.errors import DatabaseBusy
from webapp.extensions import db

log = logging.getLogger(__name__)
CONFIGURATION_LOCK = 7_206_001
WRONG_STATEMENT = "SQLITE_ERROR"  # SQLite's for what PostgreSQL calls a programming error


@contextmanager
def write() -> Iterator[Session]:
    """A durable write transaction on the request's session. Raises DatabaseBusy when the database stays locked."""
    session = db.session()
    if session.info.get("writing"):
        yield session
        return
    session.rollback()
    engine = db.engine
    followers: list[Callable[[], None]] = []
    with write_turn(engine), busy_is_told():
        session.info.update(writing=True, after_commit=followers)
        try:
            session.connection(execution_options=WRITE)
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.update(writing=False, after_commit=None)
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


def after_commit(follow: Callable[[], None]) -> None:
    """Call `follow` once the present unit of work is committed; the same function is called once.

    An error of `follow` is logged and goes no further.
    """
    followers = db.session().info["after_commit"]
    if follow not in followers:
        followers.append(follow)


def lock_configuration(session: Session) -> None:
    """Changes of the configuration go one after the other, also on PostgreSQL (SQLite has one writer anyway)."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CONFIGURATION_LOCK})


@contextmanager
def busy_is_told() -> Iterator[None]:
    """Turns the drivers' ways to say "locked", "full" or "gone" into DatabaseBusy. A wrong statement stays what it is."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorname", None) == WRONG_STATEMENT:
            raise
        raise DatabaseBusy(str(error.orig)) from error
    except PoolTimeout as error:
        raise DatabaseBusy("All connections to the database are in use.") from error
