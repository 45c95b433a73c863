"""The database as this program holds it: pragmas, immediate writers, one after the other everywhere."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, bindparam, create_engine, select, text, update
from sqlalchemy.exc import IntegrityError

from webapp import create_core, database
from webapp.config import ROOT
from webapp.database import lease_now, results_engine
from webapp.database.hot import HotConnection, HotStatement, driver_of, reading
from webapp.extensions import db
from webapp.models.types import UtcDateTime
from webapp.services.unit import write


def make_engine(path: Path) -> Engine:
    url = f"sqlite:///{path}"
    engine = create_engine(url, **database.engine_options(url))
    database.tune(engine)
    return engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(tmp_path / "x.db")
    yield made
    made.dispose()


def test_sqlite_has_no_known_way_to_corrupt_a_wal() -> None:
    """Fixed in 3.51.3, 3.50.7 and 3.44.6: sqlite.org/wal.html#walresetbug."""
    version = sqlite.sqlite_version_info
    assert version >= (3, 51, 3) or (version[:2] in ((3, 50), (3, 44)) and version >= (*version[:2], 7))


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)]
)
def test_pragmas(engine: Engine, pragma: str, value: object) -> None:
    with engine.connect() as connection:
        assert connection.scalar(text(f"PRAGMA {pragma}")) == value


def test_results_are_not_flushed_one_by_one(tmp_path: Path) -> None:
    engine = results_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA synchronous")) == 1
    engine.dispose()


@pytest.mark.parametrize("any_database", ["postgresql"], indirect=True)
def test_on_postgresql_results_are_relaxed_and_work_is_not(any_ctx: Flask) -> None:
    relaxed = results_engine(any_ctx.config["SQLALCHEMY_DATABASE_URI"])
    for engine, value in ((db.engine, "on"), (relaxed, "off")):
        with engine.connect() as connection:
            assert connection.scalar(text("SHOW synchronous_commit")) == value
            assert connection.scalar(text("SHOW timezone")) == "UTC"
    relaxed.dispose()


def test_writers_begin_immediate_and_readers_do_not(ctx: Flask) -> None:
    with write(), sqlite.connect(db.engine.url.database, timeout=0, isolation_level=None) as other:
        with pytest.raises(sqlite.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM lease").fetchone() == (0,)
    db.session.execute(text("SELECT 1 FROM lease"))
    with sqlite.connect(db.engine.url.database, timeout=0, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.rollback()


def test_the_lease_clock_runs_and_is_one_for_all(any_ctx: Flask) -> None:
    relaxed = results_engine(any_ctx.config["SQLALCHEMY_DATABASE_URI"])
    times = []
    for engine in (db.engine, relaxed, db.engine):
        with engine.connect() as connection:
            times.append(connection.scalar(select(lease_now())))
    relaxed.dispose()
    assert times == sorted(times)
    assert times[2] - times[0] < 10


def test_a_naive_time_is_refused_before_it_reaches_the_database(any_ctx: Flask) -> None:
    from datetime import UTC, datetime, timedelta, timezone

    column = UtcDateTime()
    dialect = db.engine.dialect
    with pytest.raises(ValueError, match="without a zone"):
        column.process_bind_param(datetime(2026, 3, 1), dialect)  # noqa: DTZ001
    local = datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=-3)))
    stored = column.process_bind_param(local, dialect)
    assert column.process_result_value(stored, dialect) == local
    assert column.process_result_value(stored, dialect).tzinfo is UTC  # type: ignore[union-attr]


# --- forks ---

FORKED_APP = """
import os, sys
from sqlalchemy import text
from webapp import create_app
from webapp.extensions import db
app = create_app({"ARAUTO_DATA_DIR": sys.argv[1], "ARAUTO_DATABASE_URL": sys.argv[2], "ARAUTO_JOBS": "off"})
with app.app_context():
    mine = db.session.connection().connection.driver_connection
    db.session.rollback()
    child = os.fork()
    if child == 0:
        theirs = db.session.connection().connection.driver_connection
        os._exit(0 if theirs is not mine and db.session.scalar(text("SELECT 1")) == 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert db.session.connection().connection.driver_connection is mine
    assert db.session.scalar(text("SELECT 2")) == 2
"""


def test_a_fork_has_connections_of_its_own(any_app: Flask, tmp_path: Path) -> None:
    url = any_app.config["SQLALCHEMY_DATABASE_URI"]
    program = [sys.executable, "-c", FORKED_APP, tmp_path / "fork", url]
    assert subprocess.run(program, cwd=ROOT, timeout=60).returncode == 0


def test_a_fork_needs_no_application_that_is_gone(tmp_path: Path) -> None:
    known = weakref.ref(create_core({"ARAUTO_DATA_DIR": str(tmp_path)}))
    gc.collect()
    assert known() is None


# --- the statements that run thousands of times a second ---

THINGS = Table(
    "thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String),
    Column("at", UtcDateTime()),
    Column("kind", String, default="plain"),
)


def test_a_hot_statement_converts_and_counts(any_ctx: Flask) -> None:
    from webapp.clock import now

    move = (
        update(THINGS)
        .where(THINGS.c.id == bindparam("the_id"), THINGS.c.name == "x")
        .values(at=bindparam("the_time", type_=THINGS.c.at.type))
    )
    at = now()
    with db.engine.begin() as connection:
        THINGS.create(connection)
        connection.execute(THINGS.insert(), [{"id": 1, "name": "x"}, {"id": 2, "name": "x"}, {"id": 3, "name": "y"}])
    hot, connection = HotStatement(move), HotConnection(db.engine)
    with connection.transaction() as cursor:
        assert hot.run(cursor, [{"the_id": number, "the_time": at} for number in (1, 2, 3, 4)]) == 2

    def fail() -> None:
        with connection.transaction() as cursor:
            hot.run(cursor, [{"the_id": 1, "the_time": now()}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with connection.transaction() as cursor:
        assert hot.run(cursor, [{"the_id": 3, "the_time": at}]) == 0
    connection.close()
    with db.engine.connect() as reader:
        assert list(reader.scalars(select(THINGS.c.at).order_by(THINGS.c.id))) == [at, at, None]


def test_a_hot_insert_numbers_its_rows_in_their_order(any_ctx: Flask) -> None:
    from webapp.clock import now

    at = now()
    add = HotStatement(THINGS.insert().returning(THINGS.c.id), ("name", "at"))
    read = HotStatement(
        select(THINGS.c.name, THINGS.c.at, THINGS.c.kind).where(THINGS.c.id >= bindparam("least")).order_by(THINGS.c.id)
    )
    with db.engine.begin() as connection:
        THINGS.create(connection)
        connection.execute(THINGS.insert(), {"name": "earlier"})
        driver = driver_of(connection)
        first, second = add.numbers(driver, [{"name": "a", "at": at}, {"name": "b", "at": None}])
        assert add.numbers(driver, []) == []
        assert read.all(driver, least=first) == [("a", at, "plain"), ("b", None, "plain")]
    assert second == first + 1
    with reading(db.engine) as driver:
        assert read.one(driver, least=second) == ("b", None, "plain")
        assert read.one(driver, least=second + 1) is None


def test_a_hot_statement_fails_as_any_other(any_ctx: Flask) -> None:
    add = HotStatement(THINGS.insert().returning(THINGS.c.id), ("id", "name", "at"))
    row = {"id": 1, "name": "a", "at": None}
    with db.engine.begin() as connection:
        THINGS.create(connection)
        add.numbers(driver_of(connection), [row])
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        add.numbers(driver_of(connection), [row])


def test_a_hot_insert_takes_constant_defaults_only(any_ctx: Flask) -> None:
    from webapp.models import Message

    with pytest.raises(AssertionError, match="next_attempt_at"), reading(db.engine) as driver:
        HotStatement(Message.__table__.insert(), ("id",)).run(driver, [{"id": 1}])
