"""Short write transactions of several threads share one commit, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event, text

from tests.peers import wait_until
from tests.test_database import make_engine
from webapp.database import queue, transactions
from webapp.database.queue import queue_of, write_turn
from webapp.database.transactions import transaction
from webapp.errors import DatabaseBusy
from webapp.extensions import db

Work = Callable[[Connection], object]


class Broken(Exception):
    """What a test breaks a transaction with."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(tmp_path / "x.db")
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE word (said TEXT UNIQUE)"))
    yield made
    made.dispose()


@pytest.fixture
def commits(engine: Engine) -> list[Connection]:
    """Every commit on the engine from now on."""
    seen: list[Connection] = []
    event.listen(engine, "commit", seen.append)
    return seen


def say(word: str) -> Work:
    return lambda connection: connection.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})


def said(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT said FROM word ORDER BY said")))


def fail(connection: Connection) -> None:
    say("unheard")(connection)
    raise Broken


def undo_all(connection: Connection) -> None:
    """What SQLite does by itself when the disk is full."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("ROLLBACK")
    raise Broken


@contextmanager
def in_line(engine: Engine, *works: Work, shared: bool = True) -> Iterator[list[Future[None]]]:
    """`works` one behind the other in the line; none begins before this is left, and then all come to their end."""

    def run(work: Work) -> None:
        with transaction(engine, shared=shared) as connection:
            work(connection)

    line = queue_of(engine).line
    with ThreadPoolExecutor(len(works)) as pool:
        assert line.enter(1)
        started = []
        for number, work in enumerate(works, 1):
            started.append(pool.submit(run, work))
            wait_until(lambda number=number: len(line._waiting) == number, "the next one stands in the line")
        yield started
        line.leave()


def test_those_who_wait_share_one_commit(engine: Engine, commits: list[Connection]) -> None:
    with in_line(engine, *[say(word) for word in "abcdef"]) as started:
        pass
    assert [done.result() for done in started] == [None] * 6
    assert said(engine) == list("abcdef")
    assert len(commits) == 1


def test_one_alone_waits_for_nobody(engine: Engine, commits: list[Connection]) -> None:
    for word in "ab":
        with transaction(engine, shared=True) as connection:
            say(word)(connection)
        assert word in said(engine)
    assert len(commits) == 2


def test_one_that_fails_is_undone_alone(engine: Engine) -> None:
    with in_line(engine, say("a"), fail, say("a"), say("b")) as started:
        pass
    errors = [type(done.exception()).__name__ for done in started]
    assert errors == ["NoneType", "Broken", "IntegrityError", "NoneType"]
    assert said(engine) == ["a", "b"]


def test_when_the_first_fails_the_next_begins_anew(engine: Engine) -> None:
    with in_line(engine, fail, say("a")) as started:
        pass
    assert isinstance(started[0].exception(), Broken)
    assert said(engine) == ["a"]


def test_what_the_database_undid_is_nobodys_success(engine: Engine) -> None:
    with in_line(engine, say("a"), say("b"), undo_all, say("c")) as started:
        pass
    errors = [type(done.exception()) for done in started]
    assert errors[:2] == [DatabaseBusy, DatabaseBusy]
    assert errors[2] not in (type(None), DatabaseBusy)
    assert errors[3] is type(None)
    assert said(engine) == ["c"]


def test_a_commit_that_fails_fails_for_all(engine: Engine) -> None:
    def refuse(connection: Connection) -> None:
        raise OSError("no space left")

    event.listen(engine, "commit", refuse)
    with in_line(engine, say("a"), say("b")) as started:
        pass
    event.remove(engine, "commit", refuse)
    for done in started:
        with pytest.raises(DatabaseBusy, match="no space left"):
            done.result()
    assert said(engine) == []
    with transaction(engine, shared=True) as connection:
        say("a")(connection)
    assert said(engine) == ["a"]


def test_who_wants_to_be_alone_is(engine: Engine, commits: list[Connection]) -> None:
    with in_line(engine, *[say(word) for word in "abc"], shared=False) as started:
        pass
    assert [done.result() for done in started] == [None] * 3
    assert len(commits) == 3


def test_nobody_waits_for_more_than_a_few(
    engine: Engine, commits: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "MOST", 2)
    with in_line(engine, *[say(word) for word in "abcde"]) as started:
        pass
    assert [done.result() for done in started] == [None] * 5
    assert len(commits) == 3


def test_the_turn_of_somebody_else_comes_between(engine: Engine, commits: list[Connection]) -> None:
    """A sender in the line does not join: what is open is committed before its turn."""
    seen: list[list[str]] = []

    line = queue_of(engine).line
    with in_line(engine, say("a")) as started:

        def take_turn() -> None:
            with write_turn(engine):
                seen.append(said(engine))

        thread = threading.Thread(target=take_turn)
        thread.start()
        wait_until(lambda: len(line._waiting) == 2, "the sender stands in the line")
    thread.join(10)
    assert started[0].result() is None
    assert seen == [["a"]]


def test_the_line_is_not_waited_in_without_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "QUEUE_SECONDS", 0.05)
    line = queue_of(engine).line
    assert line.enter(1)
    with transaction(engine, shared=True) as connection:
        say("a")(connection)
    assert said(engine) == ["a"]
    line.leave()
    assert line.enter(1)
    line.leave()


def test_postgresql_needs_no_line(any_ctx: Flask) -> None:
    with transaction(db.engine, shared=True) as connection:
        connection.execute(text("DELETE FROM lease"))


def test_a_connection_whose_commit_failed_is_not_used_again(engine: Engine) -> None:
    def refuse(connection: Connection) -> None:
        raise OSError("no space left")

    event.listen(engine, "commit", refuse)
    with pytest.raises(OSError, match="no space left"), transaction(engine) as connection:
        say("a")(connection)
    event.remove(engine, "commit", refuse)
    assert said(engine) == []
