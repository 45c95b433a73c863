"""The write queue of SQLite: its own busy handler polls and starves, so writers wait on a file lock first.

Correctness never depends on it: after five seconds a writer goes on to `BEGIN IMMEDIATE` without it.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Engine

QUEUE_SECONDS = 5.0


class Line:
    """Threads one after the other, in the order in which they came. `joins`: what the one before left open suits it."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[_Place] = deque()

    def enter(self, seconds: float, *, joins: bool = False) -> bool:
        """Waits for the turn; False when it did not come within `seconds`."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            place = _Place(joins)
            self._waiting.append(place)
        if place.called.acquire(timeout=seconds):
            return True
        with self._mutex:
            if place not in self._waiting:  # called at the last moment
                return True
            self._waiting.remove(place)
            return False

    def leave(self) -> None:
        """The next one's turn."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().called.release()
            else:
                self._taken = False

    def leave_to_one_who_joins(self) -> bool:
        """The same, if there is a next one and it joins; else the turn stays, and this is False."""
        with self._mutex:
            if not self._waiting or not self._waiting[0].joins:
                return False
            self._waiting.popleft().called.release()
            return True


class _Place:
    __slots__ = ("called", "joins")

    def __init__(self, joins: bool):
        self.joins = joins
        self.called = threading.Lock()
        self.called.acquire()


class WriteQueue:
    """Writers of one SQLite file, in this process and in others, one after the other."""

    def __init__(self, path: Path):
        self.line = Line()
        self._path = path
        self._descriptor: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Holds the queue while inside; after QUEUE_SECONDS of waiting goes on without it."""
        end = time.monotonic() + QUEUE_SECONDS
        if not self.line.enter(QUEUE_SECONDS):
            yield
            return
        try:
            with self.file(end):
                yield
        finally:
            self.line.leave()

    @contextmanager
    def file(self, end: float) -> Iterator[None]:
        """Holds off other processes while inside; at `end` (monotonic) goes on without that. For whose turn it is."""
        held = self._lock_file(end)
        try:
            yield
        finally:
            if held:
                self._unlock_file()

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
    return queue_of(engine).turn()


def queue_of(engine: Engine) -> WriteQueue:
    """The queue of the file that an SQLite engine writes to."""
    path = engine.url.database or ""
    found = _queues.get(path)
    return found if found is not None else _queues.setdefault(path, WriteQueue(Path(path + ".queue")))
