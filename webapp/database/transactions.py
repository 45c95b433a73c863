"""Write transactions for the unit of work. On SQLite, short ones that wait for each other share one commit.

A commit writes whole pages and flushes the disk, which costs more than what an event stores. So a thread that is done
leaves the transaction open to the next one in the line, which works in a savepoint of its own, and the last one commits
for all. PostgreSQL does as much by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, RootTransaction

from webapp.database import WRITE, queue
from webapp.database.queue import WriteQueue, queue_of, write_turn
from webapp.errors import DatabaseBusy

MOST = 16


@contextmanager
def transaction(engine: Engine, *, shared: bool = False) -> Iterator[Connection]:
    """A connection in a durable write transaction that is committed when this is left; undone on an exception.

    `shared`: it takes moments, and may be committed together with those of other threads. Raises DatabaseBusy when
    that commit fails.
    """
    if shared and engine.dialect.name == "sqlite":
        with _shared(engine, queue_of(engine)) as connection:
            yield connection
        return
    with write_turn(engine), _begun(engine) as connection:
        yield connection


@contextmanager
def _begun(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(**WRITE) as connection, connection.begin() as begun:
        yield connection
        _commit(connection, begun)


def _commit(connection: Connection, begun: RootTransaction) -> None:
    """A connection whose commit failed is never used again: SQLAlchemy would keep it with the transaction open."""
    try:
        begun.commit()
    except BaseException:
        connection.invalidate()
        raise


@contextmanager
def _shared(engine: Engine, waiting: WriteQueue) -> Iterator[Connection]:
    if not waiting.line.enter(queue.QUEUE_SECONDS, joins=True):
        with _begun(engine) as connection:
            yield connection
        return
    try:
        group = _left_open.pop(waiting, None) or _Group(engine, waiting)
    except BaseException:
        waiting.line.leave()
        raise
    try:
        with group.part():
            yield group.connection
    finally:
        _left_open[waiting] = group
        if not (group.takes_more and waiting.line.leave_to_one_who_joins()):
            del _left_open[waiting]
            try:
                group.end()
            finally:
                waiting.line.leave()
    group.wait()


class _Group:
    """Parts of one transaction, one after the other: made, worked in and ended by the thread whose turn it is."""

    def __init__(self, engine: Engine, waiting: WriteQueue):
        self._parts = 0
        self._over = threading.Event()
        self._error: Exception | None = None
        with ExitStack() as stack:
            stack.enter_context(waiting.file(time.monotonic() + queue.QUEUE_SECONDS))
            self.connection = stack.enter_context(engine.connect().execution_options(**WRITE))
            self._transaction = self.connection.begin()
            self._held = stack.pop_all()

    @property
    def _stands(self) -> bool:
        """Whether SQLite still knows the transaction: a full disk makes it forget all that was done, unasked."""
        driver = self.connection.connection.driver_connection
        return self._transaction.is_active and bool(driver and driver.in_transaction)

    @property
    def takes_more(self) -> bool:
        """Whether another part may follow."""
        return 0 < self._parts < MOST and self._stands

    @contextmanager
    def part(self) -> Iterator[None]:
        """One part; the first needs no savepoint: when it fails, there is nothing to keep."""
        with self.connection.begin_nested() if self._parts else nullcontext():
            yield
        self._parts += 1

    def end(self) -> None:
        """Commits what there is, and tells all who wait."""
        try:
            with self._held:
                if self._parts and not self._stands:
                    raise DatabaseBusy("The database undid the transaction.")
                if self._parts:
                    _commit(self.connection, self._transaction)
        except Exception as error:
            self._error = error
        finally:
            self._over.set()

    def wait(self) -> None:
        """Returns when it is committed. Raises DatabaseBusy when it could not be."""
        self._over.wait()
        if self._error is not None:
            raise DatabaseBusy(str(getattr(self._error, "orig", None) or self._error)) from self._error


# Left to the next one in the line; only the thread whose turn it is looks here.
_left_open: WeakKeyDictionary[WriteQueue, _Group] = WeakKeyDictionary()
