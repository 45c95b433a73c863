"""Waking the senders of all processes the moment work is committed, so that nothing waits for a tick.

SQLite: every sender has a datagram socket in the data folder, and a wake-up is one empty datagram to each.
PostgreSQL: LISTEN/NOTIFY. A wake-up that gets lost costs at most the sender's own one-second look at the queue.
"""

from __future__ import annotations

import os
import secrets
import select as io
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import Engine, text

from webapp.extensions import db

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
    with suppress(FileNotFoundError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        with _folder(folder) as at:
            for name in os.listdir(folder):
                try:
                    sender.sendto(b"", f"{at}/{name}")
                except ConnectionRefusedError:
                    (folder / name).unlink(missing_ok=True)
                except (BlockingIOError, FileNotFoundError):
                    pass


class _folder:
    """A short name for a folder: socket addresses have room for 107 bytes only."""

    def __init__(self, folder: Path):
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> str:
        return f"/proc/self/fd/{self._descriptor}"

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


class FolderListener:
    """A datagram socket in the data folder."""

    def __init__(self, data_dir: Path):
        folder = data_dir / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        with _folder(folder) as at:
            self._socket.bind(f"{at}/{self._path.name}")
        self._inner, self._outer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._inner.setblocking(False)
        self._outer.setblocking(False)

    def wait(self, seconds: float) -> None:
        ready, _, _ = io.select([self._socket, self._inner], [], [], seconds)
        for source in ready:
            with suppress(BlockingIOError):
                while True:
                    source.recv(1)

    def wake(self) -> None:
        with suppress(OSError):  # full: it is awake already; closed: it needs no waking
            self._outer.send(b"")

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        for end in (self._socket, self._inner, self._outer):
            end.close()


class PostgresListener:
    """LISTEN on a connection of its own; a lost connection is made again at the next wait."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._connection: Any = None
        self._inner, self._outer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._inner.setblocking(False)
        self._outer.setblocking(False)

    def wait(self, seconds: float) -> None:
        sources: list[Any] = [self._inner]
        with suppress(Exception):
            self._listen()
            sources.append(self._connection.fileno())
        ready, _, _ = io.select(sources, [], [], seconds)
        if self._inner in ready:
            with suppress(BlockingIOError):
                while True:
                    self._inner.recv(1)
        if len(ready) > (self._inner in ready):
            try:
                list(self._connection.notifies(timeout=0))
            except Exception:
                self._connection = None

    def _listen(self) -> None:
        if self._connection is None or self._connection.closed:
            import psycopg

            url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
            self._connection = psycopg.connect(url, autocommit=True, connect_timeout=5)
            self._connection.execute(f"LISTEN {CHANNEL}")

    def wake(self) -> None:
        with suppress(OSError):  # full: it is awake already; closed: it needs no waking
            self._outer.send(b"")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._inner.close()
        self._outer.close()


def listener(engine: Engine, data_dir: Path) -> Listener:
    """The listener that fits the database."""
    return PostgresListener(engine) if engine.dialect.name == "postgresql" else FolderListener(data_dir)
