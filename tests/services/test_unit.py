"""The unit of work: all or nothing, joined when nested, and what follows only after a commit."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from flask import Flask
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from tests.probes import beside, statements
from webapp.database import queue
from webapp.errors import DatabaseBusy
from webapp.extensions import db
from webapp.models import Contact
from webapp.services import unit
from webapp.services.unit import after_commit, lock_configuration, lock_words, write


class Broken(Exception):
    """What a test breaks a unit with."""


def names() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Contact.name).order_by(Contact.name)))


def test_leaving_commits(any_ctx: Flask) -> None:
    with write() as session:
        session.add(Contact(name="Ana"))
    assert names() == ["Ana"]


def test_an_exception_undoes_everything(any_ctx: Flask) -> None:
    def fail() -> None:
        with write() as session:
            session.add(Contact(name="Ana"))
            session.flush()
            raise Broken

    with pytest.raises(Broken):
        fail()
    assert names() == []


def test_an_inner_unit_joins_the_outer_one(any_ctx: Flask) -> None:
    def fail() -> None:
        with write() as outer:
            with write() as inner:
                assert inner is outer
                inner.add(Contact(name="Ana"))
            raise Broken

    with pytest.raises(Broken):
        fail()
    assert names() == []


def test_a_unit_works_again_after_a_failed_one(any_ctx: Flask) -> None:
    with pytest.raises(DBAPIError), write() as session:
        session.add_all([Contact(name="Ana"), Contact(name="Ana")])
    with write() as session:
        session.add(Contact(name="Bob"))
    assert names() == ["Bob"]


def test_what_follows_runs_once_and_after_the_commit(any_ctx: Flask) -> None:
    seen: list[list[str]] = []

    def follow() -> None:
        seen.append(names())

    with write() as session:
        session.add(Contact(name="Ana"))
        after_commit(follow)
        with write():
            after_commit(follow)
        assert seen == []
    assert seen == [["Ana"]]


def test_what_follows_is_forgotten_with_the_change(any_ctx: Flask) -> None:
    seen: list[str] = []

    def fail() -> None:
        with write():
            after_commit(lambda: seen.append("followed"))
            raise Broken

    with pytest.raises(Broken):
        fail()
    with write():
        pass
    assert seen == []


def test_an_error_of_what_follows_is_no_error_of_the_change(any_ctx: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def follow() -> None:
        raise OSError("nobody listens")

    with write() as session:
        session.add(Contact(name="Ana"))
        after_commit(follow)
    assert names() == ["Ana"]
    assert "nobody listens" in caplog.text


def test_what_a_unit_returns_is_read_without_another_statement(any_ctx: Flask) -> None:
    with write() as session:
        contact = Contact(name="Ana")
        session.add(contact)
        session.flush()
    with statements() as seen:
        assert contact.name == "Ana"
    assert seen == []


def test_a_locked_database_is_told(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "QUEUE_SECONDS", 0.05)
    db.session.connection().exec_driver_sql("PRAGMA busy_timeout=50")
    db.session.rollback()
    other = sqlite.connect(db.engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(DatabaseBusy, match="locked"), write():
            pytest.fail("the unit was opened")
    finally:
        other.close()
    with write() as session:
        session.add(Contact(name="Ana"))
    assert names() == ["Ana"]


def test_a_full_database_is_told(ctx: Flask) -> None:
    def fill() -> None:
        with write() as session:
            session.connection().exec_driver_sql("PRAGMA max_page_count=1")
            session.add(Contact(name="x" * 200_000))

    with pytest.raises(DatabaseBusy, match="full"):
        fill()
    with write() as session:
        session.connection().exec_driver_sql("PRAGMA max_page_count=1000000")
    assert names() == []


def test_no_connection_left_is_told(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = db.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.01)
    held = [db.engine.connect() for _ in range(48)]
    try:
        with pytest.raises(DatabaseBusy, match="in use"), write():
            pytest.fail("the unit was opened")
    finally:
        for connection in held:
            connection.close()


def test_a_wrong_statement_is_not_called_busy(any_ctx: Flask) -> None:
    with pytest.raises(DBAPIError), write() as session:
        session.execute(text("SELECT * FROM no_such_table"))


@pytest.mark.parametrize("any_database", ["postgresql"], indirect=True)
def test_a_lost_connection_is_told(any_ctx: Flask) -> None:
    def lose() -> None:
        with write() as session:
            number = session.scalar(select(func.pg_backend_pid()))
            with db.engine.connect() as other:
                other.execute(select(func.pg_terminate_backend(number)))
            session.scalar(select(1))

    with pytest.raises(DatabaseBusy):
        lose()
    with write() as session:
        session.add(Contact(name="Ana"))
    assert names() == ["Ana"]


@pytest.mark.parametrize("lock", [lock_configuration, lambda session: lock_words(session, ["a", "b"])])
def test_units_that_lock_the_same_go_one_after_the_other(any_ctx: Flask, lock: object) -> None:
    assert callable(lock)
    order: list[str] = []

    def second() -> None:
        with write() as session:
            lock(session)
            order.append("second")

    with ExitStack() as stack:
        with write() as session:
            lock(session)
            over = stack.enter_context(beside(any_ctx, second))
            assert not over.wait(0.2)
            order.append("first")
        assert over.wait(10)
    assert order == ["first", "second"]


def test_many_words_take_few_locks(any_ctx: Flask) -> None:
    with write() as session:
        lock_words(session, (f"word {number}" for number in range(2000)))
        if session.get_bind().dialect.name == "postgresql":
            locks = session.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
            assert locks == unit.WORD_LOCKS
