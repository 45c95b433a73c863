"""How this program holds a database: engines, SQLite's pragmas, and the lease clock.

SQLite: every write transaction begins IMMEDIATE, because a deferred one that turns into a writer ignores the busy
timeout; and it waits its turn first (`webapp.database.queue`).
"""

from __future__ import annotations

import time
from typing import Any

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import Connection, Engine, Float, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from webapp.database.hot import driver_of, execute

WRITE = {"write": True}


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
        connection.execute("PRAGMA wal_autocheckpoint=4000")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        begin = "BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN"
        execute(driver_of(connection), begin)
