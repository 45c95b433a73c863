"""Looking at what runs: several threads at once, and the statements that reach the database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import event

from webapp.extensions import db

T = TypeVar("T")


def together(app: Flask, works: Iterable[Callable[[], T]]) -> list[T]:
    """The results of `works`, all begun at the same moment, each in a thread with a context of its own."""
    todo = list(works)
    start = threading.Barrier(len(todo))

    def run(work: Callable[[], T]) -> T:
        with app.app_context():
            start.wait(10)
            return work()

    with ThreadPoolExecutor(len(todo)) as pool:
        return list(pool.map(run, todo))


@contextmanager
def beside(app: Flask, work: Callable[[], Any]) -> Iterator[threading.Event]:
    """`work` in a thread meanwhile; the event is set when it is over, and leaving waits for that."""
    over = threading.Event()

    def run() -> None:
        with app.app_context():
            work()
        over.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield over
    finally:
        thread.join(20)


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL statements that the application's engine runs inside."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
