"""Waking the senders of all processes the moment work is committed, so that nothing waits for a tick.

SQLite: every sender has a datagram socket in the data folder, and a wake-up is one empty datagram to each.
PostgreSQL: LISTEN/NOTIFY. A wake-up that gets lost costs at most the sender's own one-second look at the queue.
"""

from __future__ import annotations

import logging
import os
import secrets
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import Engine, text

from webapp.extensions import db

log = logging.getLogger(__name__)
CHANNEL = "arauto_outbox"
FOLDER = "wake"


class Listener(Protocol):
    """What a sender waits on."""

    def wait(self, seconds: float) -> None:
        """Returns when woken, or after `seconds`."""

    def wake(self) -> None:
        """Wakes the one that waits here, from any thread of this process."""

    def close(self) -> None:
        """Stops listening."""


def wake_all() -> None:
    """Wake every sender; to be called after a commit (`unit.after_commit(wake_all)`)."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect() as connection, connection.begin():
            connection.execute(text(f"NOTIFY {CHANNEL}"))
        return
    wake_folder(current_app.config["ARAUTO_DATA_DIR"])


def wake_folder(data_dir: Path) -> None:
    """Wake the senders that listen in this data folder; sockets that dead processes left are removed."""
    folder = data_dir / FOLDER
    with suppress(FileNotFoundError), _short_name(folder) as at, _datagram_socket() as sender:
        for name in os.listdir(at):  # noqa: PTH208 (this is done for every event)
            try:
                sender.sendto(b"", f"{at}/{name}")
            except ConnectionRefusedError:
                (folder / name).unlink(missing_ok=True)
            except (BlockingIOError, FileNotFoundError):
                pass


@contextmanager
def _short_name(folder: Path) -> Iterator[str]:
    """A short name for a folder: socket addresses have room for 107 bytes only."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _datagram_socket() -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


def _empty(source: socket.socket) -> None:
    with suppress(BlockingIOError):
        while True:
            source.recv(1)


class Bell:
    """What threads of this process ring; one end of it is waited on beside what comes from outside."""

    def __init__(self) -> None:
        self._inner, self._outer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._inner.setblocking(False)
        self._outer.setblocking(False)

    def ring(self) -> None:
        """Harmless when it rang already, and when it is closed: a thread may ring on its way out."""
        with suppress(OSError):
            self._outer.send(b"")

    def wait(self, seconds: float, *outside: int) -> bool:
        """Waits for a ring, for one of the descriptors `outside`, or `seconds`; whether it came from outside."""
        poll = select.poll()
        for descriptor in (self._inner.fileno(), *outside):
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(max(0.0, seconds) * 1000)}
        _empty(self._inner)
        return not ready.isdisjoint(outside)

    def close(self) -> None:
        self._inner.close()
        self._outer.close()


class FolderListener:
    """A datagram socket in the data folder."""

    def __init__(self, data_dir: Path):
        folder = data_dir / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._socket = _datagram_socket()
        with _short_name(folder) as at:
            self._socket.bind(f"{at}/{self._path.name}")
        self._bell = Bell()

    def wait(self, seconds: float) -> None:
        if self._bell.wait(seconds, self._socket.fileno()):
            _empty(self._socket)

    def wake(self) -> None:
        self._bell.ring()

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._socket.close()
        self._bell.close()


class PostgresListener:
    """LISTEN on a connection of its own; a lost connection is made again at the next wait.

    What was said while nobody listened is lost, so a wait that has just begun to listen returns at once.
    """

    def __init__(self, engine: Engine):
        self._engine = engine
        self._connection: Any = None
        self._bell = Bell()

    def wait(self, seconds: float) -> None:
        try:
            if self._listens_anew():
                return
        except Exception as error:
            log.info("no wake-ups from other processes for now: %s", error)
            self._forget()
        if self._connection is None:
            self._bell.wait(seconds)
        elif self._bell.wait(seconds, self._connection.fileno()):
            try:
                list(self._connection.notifies(timeout=0))
            except Exception:
                self._forget()

    def _listens_anew(self) -> bool:
        if self._connection is not None:
            return False
        import psycopg

        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(url, autocommit=True, connect_timeout=5)
        self._connection.execute(f"LISTEN {CHANNEL}")
        return True

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def wake(self) -> None:
        self._bell.ring()

    def close(self) -> None:
        self._forget()
        self._bell.close()


def listener(engine: Engine, data_dir: Path) -> Listener:
    """The listener that fits the database."""
    return PostgresListener(engine) if engine.dialect.name == "postgresql" else FolderListener(data_dir)
