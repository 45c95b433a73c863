"""The write queue of SQLite: its own busy handler polls and starves, so writers wait on a file lock first.

Correctness never depends on it: after five seconds a writer goes on to `BEGIN IMMEDIATE` without it.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Engine

QUEUE_SECONDS = 5.0


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


def write_turn(engine: Engine) -> AbstractContextManager[None]:
    """The turn that a write transaction on `engine` takes; PostgreSQL needs none."""
    if engine.dialect.name != "sqlite":
        return nullcontext()
    return _queue(engine).turn()


def _queue(engine: Engine) -> WriteQueue:
    path = engine.url.database or ""
    found = _queues.get(path)
    return found if found is not None else _queues.setdefault(path, WriteQueue(Path(path + ".queue")))
