"""The sandbox mail server: a real SMTP listener on loopback that keeps what it gets and passes nothing on.

One process of an instance listens, whichever has the lock file in the data folder; when it dies, the next process
that asks takes its place on the same port. The port is that of the account *Sandbox*, which is made, as the default,
where there is no default account.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.database import results_engine
from webapp.errors import DatabaseBusy
from webapp.models import SandboxMail, SmtpAccount
from webapp.services import audit, outbox
from webapp.services.sandbox_smtp import Caught, Listener
from webapp.services.unit import lock_configuration, write, write_results

log = logging.getLogger(__name__)

NAME = "Sandbox"
HOST = "127.0.0.1"
SENDER = "arauto@sandbox.local"
LOCK_FILE = "sandbox.lock"
TRIES, PAUSE = 10, 0.05


def is_default(session: Session) -> bool:
    """Whether mail goes to the sandbox instead of to people."""
    default = select(SmtpAccount.id).where(SmtpAccount.is_default, SmtpAccount.name == NAME)
    return session.scalar(default) is not None


class SandboxServer:
    """The sandbox of this process: call `ensure` at the start and every second after it, and `stop` at the end."""

    def __init__(self, app: Flask):
        self._app = app
        self._lock = _FileLock(app.config["ARAUTO_DATA_DIR"] / LOCK_FILE)
        self._listener: Listener | None = None
        self._engine: Engine | None = None

    @property
    def listening(self) -> bool:
        """Whether it is this process that listens."""
        return self._listener is not None and self._listener.alive

    def ensure(self) -> None:
        """Listen, unless another process of this instance does; see to the account. Trouble is logged, not raised."""
        if not self.listening and not self._lock.take():
            return
        try:
            with self._app.app_context():
                if not self.listening:
                    self._listen()
                self._see_to_account()
        except (SQLAlchemyError, DatabaseBusy, OSError) as error:
            log.error("the sandbox mail server waits: %s", getattr(error, "orig", None) or error)

    def stop(self) -> None:
        """Listen no more, and let another process take over."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        self._lock.give()
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _listen(self) -> None:
        if self._engine is None:
            self._engine = results_engine(self._app.config["SQLALCHEMY_DATABASE_URI"])
        with write() as session:
            port = session.scalar(select(SmtpAccount.port).where(SmtpAccount.name == NAME))
        self._listener = Listener(_bind(port), self._keep)
        log.info("the sandbox mail server listens on %s:%d", HOST, self._listener.port)

    def _keep(self, mails: list[Caught]) -> None:
        assert self._engine is not None  # noqa: S101
        rows = [
            {name: getattr(mail, name) for name in ("sender", "recipients", "subject", "message_id", "raw")}
            for mail in mails
        ]
        with write_results(self._engine) as connection:
            connection.execute(insert(SandboxMail), rows)

    def _see_to_account(self) -> None:
        """The account points at our port, and is the default where there is none."""
        assert self._listener is not None  # noqa: S101
        if _settled(self._app, self._listener.port):
            return
        with write() as session:
            lock_configuration(session)
            account = session.scalar(select(SmtpAccount).where(SmtpAccount.name == NAME))
            before = _fields(account)
            if session.scalar(select(SmtpAccount.id).where(SmtpAccount.is_default)) is None:
                account = account or SmtpAccount(name=NAME, sender_email=SENDER, sender_name="Arauto")
                account.enabled = account.is_default = True
                account.host = HOST
                session.add(account)
            if account is None:
                return
            account.port = self._listener.port
            session.flush()
            _note_change(session, account, before)
            if account.is_default:
                outbox.adopt(session, account.id)
            outbox.retry_account(session, account.id)


def _fields(account: SmtpAccount | None) -> dict[str, Any]:
    if account is None:
        return {}
    names = ("enabled", "sender_email", "host", "port")
    return {**{name: getattr(account, name) for name in names}, "default": account.is_default}


def _note_change(session: Session, account: SmtpAccount, before: Mapping[str, Any]) -> None:
    changes = {name: (before.get(name), value) for name, value in _fields(account).items() if before.get(name) != value}
    action = "changed" if before else "created"
    audit.record(session, audit.Deed(action, "smtp_accounts", NAME, account.id, changes))


def _settled(app: Flask, port: int) -> bool:
    """Whether `_see_to_account` has nothing to do; a plain read, once a second."""
    from webapp.extensions import db

    with db.engine.connect() as connection:
        ours = connection.execute(select(SmtpAccount.port).where(SmtpAccount.name == NAME)).scalar_one_or_none()
        default = connection.scalar(select(SmtpAccount.id).where(SmtpAccount.is_default))
    return default is not None and ours in (None, port)


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
