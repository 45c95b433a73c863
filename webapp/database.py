"""How this program holds a database: engines, SQLite's pragmas, the write queue, and the lease clock.

SQLite: every write transaction begins IMMEDIATE, because a deferred one that turns into a writer ignores the busy
timeout; and it queues on a file lock first, because SQLite's own busy handler polls and starves. Correctness never
depends on that queue: after five seconds a writer goes on to `BEGIN IMMEDIATE` without it.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import Connection, Engine, Float, UpdateBase, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.functions import GenericFunction

WRITE = {"write": True}
QUEUE_SECONDS = 5.0


class lease_now(GenericFunction[float]):
    """Seconds by the clock that leases use: one for all nodes that share the database, never the node's wall clock."""

    type = Float()
    inherit_cache = True


@compiles(lease_now, "postgresql")
def _postgresql_clock(element: Any, compiler: Any, **kw: Any) -> str:
    return "extract(epoch from clock_timestamp())::float8"


@compiles(lease_now, "sqlite")
def _sqlite_clock(element: Any, compiler: Any, **kw: Any) -> str:
    return "lease_now()"


class HotStatement:
    """A Core statement compiled once, run straight on the driver: for the few that run thousands of times a second."""

    def __init__(self, statement: UpdateBase, engine: Engine, keys: Sequence[str] = ()):
        dialect = engine.dialect
        compiled = statement.compile(dialect=dialect, column_keys=list(keys) or None)
        self._sql = str(compiled)
        self._order = compiled.positiontup
        self._convert = {
            name: convert
            for name, bind in compiled.binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}

    def run(self, cursor: Any, rows: Sequence[Mapping[str, Any]]) -> int:
        """Runs it for every row inside the cursor's transaction; how many rows of the table it touched."""
        cursor.executemany(self._sql, [self._values(row) for row in rows])
        return int(cursor.rowcount)

    def _values(self, row: Mapping[str, Any]) -> Any:
        values = {**self._fixed, **row}
        for name, convert in self._convert.items():
            values[name] = convert(values[name])
        return values if self._order is None else [values[name] for name in self._order]


class HotConnection:
    """A driver connection of one engine, kept from one write transaction to the next. Not for two threads at once."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._connection: PoolProxiedConnection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """A cursor in a write transaction that commits when left. After any error the connection is made anew."""
        with write_turn(self._engine):
            if self._connection is None:
                self._connection = self._engine.raw_connection()
            try:
                cursor = self._connection.cursor()
                if self._engine.dialect.name == "sqlite":
                    cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                self._connection.commit()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Drop the connection, and with it whatever was not committed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.invalidate()


class WriteQueue:
    """Writers of one SQLite file, in this process and in others, one after the other."""

    def __init__(self, path: Path):
        self._path = path
        self._threads = threading.Lock()
        self._descriptor: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Holds the queue while inside; after QUEUE_SECONDS of waiting goes on without it."""
        end = time.monotonic() + QUEUE_SECONDS
        if not self._threads.acquire(timeout=QUEUE_SECONDS):
            yield
            return
        try:
            held = self._lock_file(end)
            try:
                yield
            finally:
                if held:
                    self._unlock_file()
        finally:
            self._threads.release()

    def _lock_file(self, end: float) -> bool:
        """The file is opened for each turn: one kept open would be shared, with its lock, by every fork."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    os.close(descriptor)
                    return False
                time.sleep(0.0005)
            else:
                self._descriptor = descriptor
                return True

    def _unlock_file(self) -> None:
        """Unlocks before it closes: a copy of the descriptor in a fork would hold the lock on."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def close_inherited(self) -> None:
        """In a fork: the turn belongs to the parent, which must be able to end it by dying."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


_queues: dict[str, WriteQueue] = {}


def _forget_queues() -> None:
    """A fork has none of its parent's threads: a lock that one of them held would never be released."""
    for queue in _queues.values():
        queue.close_inherited()
    _queues.clear()


os.register_at_fork(after_in_child=_forget_queues)


def engine_options(url: str, *, durable: bool = True) -> dict[str, Any]:
    """Options for `create_engine`; give the engine to `tune` afterwards."""
    if make_url(url).get_backend_name() == "sqlite":
        return {
            "module": sqlite,
            "connect_args": {"timeout": 5.0, "check_same_thread": False, "isolation_level": None},
            "pool_size": 16,
            "max_overflow": 32,
        }
    flags = "" if durable else " -c synchronous_commit=off"
    return {
        "pool_pre_ping": True,
        "pool_size": 8,
        "max_overflow": 24,
        "connect_args": {"connect_timeout": 5, "application_name": "arauto", "options": f"-c timezone=UTC{flags}"},
    }


def results_engine(url: str) -> Engine:
    """An engine for results of work already done: its commits are not flushed to the disk one by one.

    A power cut then costs a duplicate, never a loss; work that is being accepted must use the other engine.
    """
    engine = create_engine(url, **engine_options(url, durable=False))
    tune(engine, durable=False)
    return engine


def tune(engine: Engine, *, durable: bool = True) -> None:
    """Give the connections of `engine` this program's habits. Call once per engine."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, record: Any) -> None:
        connection.create_function("lease_now", 0, time.monotonic)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-16000")
        connection.execute("PRAGMA temp_store=MEMORY")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN")


def write_turn(engine: Engine) -> AbstractContextManager[None]:
    """The turn that a write transaction on `engine` takes; PostgreSQL needs none."""
    if engine.dialect.name != "sqlite":
        return nullcontext()
    return _queue(engine).turn()


def _queue(engine: Engine) -> WriteQueue:
    path = engine.url.database or ""
    found = _queues.get(path)
    return found if found is not None else _queues.setdefault(path, WriteQueue(Path(path + ".queue")))
