"""The sandbox mail server: SMTP and IMAP on loopback; it keeps what it gets and passes nothing on.

One process of an instance listens, whichever has the lock file in the data folder; when it dies, the next process
that asks takes its place on the same ports, which are those of the accounts *Sandbox* (see `accounts`).
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.database import results_engine
from webapp.errors import DatabaseBusy
from webapp.extensions import db
from webapp.models import SandboxMail
from webapp.services.sandbox import accounts
from webapp.services.sandbox.accounts import HOST
from webapp.services.sandbox.boxes import Boxes
from webapp.services.sandbox.imap import ImapServer
from webapp.services.sandbox.smtp import Caught, SmtpServer
from webapp.services.unit import write_results

log = logging.getLogger(__name__)

LOCK_FILE = "sandbox.lock"
TRIES, PAUSE = 10, 0.05


class SandboxServer:
    """The sandbox of this process: call `ensure` at the start and every second after it, and `stop` at the end."""

    def __init__(self, app: Flask):
        self._app = app
        self._lock = _FileLock(app.config["ARAUTO_DATA_DIR"] / LOCK_FILE)
        self._smtp: SmtpServer | None = None
        self._imap: ImapServer | None = None
        self._engine: Engine | None = None

    @property
    def listening(self) -> bool:
        """Whether it is this process that listens."""
        return self._smtp is not None and self._smtp.alive and self._imap is not None and self._imap.alive

    def ensure(self) -> None:
        """Listen, unless another process of this instance does; see to the accounts. Trouble is logged, not raised."""
        if not self.listening and not self._lock.take():
            return
        try:
            with self._app.app_context():
                if not self.listening:
                    self._listen()
                self._see_to_accounts()
        except (SQLAlchemyError, DatabaseBusy, OSError) as error:
            log.error("the sandbox mail server waits: %s", getattr(error, "orig", None) or error)

    def stop(self) -> None:
        """Listen no more, and let another process take over."""
        self._stop_serving()
        self._lock.give()
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _stop_serving(self) -> None:
        serving, self._smtp, self._imap = (self._smtp, self._imap), None, None
        for server in serving:
            if server is not None:
                server.stop()

    def _listen(self) -> None:
        self._stop_serving()
        if self._engine is None:
            self._engine = results_engine(self._app.config["SQLALCHEMY_DATABASE_URI"])
        with db.engine.connect() as connection:
            smtp, imap = accounts.ports(Session(connection))
        boxes = Boxes(self._engine, self._app.config["ARAUTO_MASTER_KEY"])
        self._imap = ImapServer(_bind(imap), boxes)
        self._imap.start()
        self._smtp = SmtpServer(_bind(smtp), self._keep)
        self._smtp.start()
        log.info(
            "the sandbox mail server listens on %s:%d, and for IMAP on :%d", HOST, self._smtp.port, self._imap.port
        )

    def _keep(self, mails: list[Caught]) -> None:
        assert self._engine is not None  # noqa: S101
        rows = [
            {name: getattr(mail, name) for name in ("sender", "recipients", "subject", "message_id", "raw")}
            for mail in mails
        ]
        with write_results(self._engine) as connection:
            connection.execute(insert(SandboxMail), rows)
        if self._imap is not None:
            self._imap.news()

    def _see_to_accounts(self) -> None:
        """A plain read, once a second, where there is nothing to do."""
        assert self._smtp is not None  # noqa: S101
        assert self._imap is not None  # noqa: S101
        with db.engine.connect() as connection:
            settled = accounts.settled(Session(connection), self._smtp.port, self._imap.port)
        if not settled:
            accounts.see_to(self._smtp.port, self._imap.port)


def _bind(wanted: int | None) -> socket.socket:
    """A loopback socket on the port of before, or on a free one when another program has taken that."""
    for attempt in range(TRIES if wanted else 0):
        with suppress(OSError):
            return socket.create_server((HOST, wanted or 0))
        log.debug("port %s is taken, try %d", wanted, attempt)
        time.sleep(PAUSE)
    return socket.create_server((HOST, 0))


class _FileLock:
    """Held by one process at a time; the kernel frees that of a dead one."""

    def __init__(self, path: Path):
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def give(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
