"""The reader of this process: checks accounts when they are due, and listens to those whose servers tell of new mail.

Several processes and nodes share the accounts by leases; who is first reads, and the others find nothing due.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from webapp import clock
from webapp.database import results_engine
from webapp.errors import DatabaseBusy, NotFound
from webapp.extensions import db
from webapp.mailboxes.base import Mailbox
from webapp.mailboxes.imap import ImapMailbox
from webapp.services.errand import Errand
from webapp.services.inbox import accounts, checking, due, health, processing
from webapp.services.inbox.accounts import Account
from webapp.services.inbox.listening import Listening

log = logging.getLogger(__name__)
LEFTOVER_SECONDS = 15.0
CHECKS_AT_ONCE = 8
STOP_SECONDS = 10.0


class Reader:
    """`start` and `stop` for a serving process; in between, `look` about once a second (`jobs.poll_inboxes`)."""

    def __init__(self, app: Flask):
        self._app = app
        self._engine = results_engine(app.config["SQLALCHEMY_DATABASE_URI"])
        self._quit = threading.Event()
        self._pool = ThreadPoolExecutor(CHECKS_AT_ONCE, thread_name_prefix="inbox")
        self._checking: set[int] = set()
        self._working: set[Future[None]] = set()
        self._life = threading.Lock()
        self._errand: Errand | None = None
        self._listening = Listening(self._heard, self._ended)
        self._leftovers_at = 0.0

    def start(self) -> None:
        """Begin to listen, in a thread of this process."""
        self._listening.start()

    def stop(self, grace: float = STOP_SECONDS) -> None:
        """Finish what is in hand; what takes longer than `grace` seconds is left to the next reader."""
        end = clock.monotonic() + grace
        self._quit.set()
        self._listening.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait(list(self._working), max(0.1, end - clock.monotonic()))
        self._close_errand()
        self._engine.dispose()

    # -- looking for what is due --------------------------------------------------------------------------------

    def look(self) -> None:
        """Begin to read what is due; to be called about once a second. Never raises: the next look does the rest."""
        if self._quit.is_set():
            return
        with self._app.app_context():
            try:
                self._look()
                if clock.monotonic() >= self._leftovers_at:
                    processing.process_leftovers()
                    self._leftovers_at = clock.monotonic() + LEFTOVER_SECONDS
            except (SQLAlchemyError, DatabaseBusy) as error:
                log.error("the inbox accounts cannot be read: %s", getattr(error, "orig", None) or error)
            except Exception:
                log.exception("looking for due inbox accounts failed")

    def _look(self) -> None:
        session = db.session()
        self._listening.keep_only(due.revisions(session))
        overdue = due.numbers(session)
        session.rollback()
        for number in overdue:
            if number not in self._checking:
                self._checking.add(number)
                self._work(partial(self._check, number), partial(self._checking.discard, number))

    def _work(
        self,
        work: Callable[[], None],
        after: Callable[[], None] = lambda: None,
        never: Callable[[], None] = lambda: None,
    ) -> None:
        """Do this in the pool, `never` where it is closed before that; its errors concern nobody else."""

        def run() -> None:
            try:
                with self._app.app_context():
                    work()
            except NotFound as gone:
                log.info("an inbox account is not checked: %s", gone)
            except (SQLAlchemyError, DatabaseBusy) as error:
                log.error("an inbox account cannot be checked: %s", getattr(error, "orig", None) or error)
            except Exception:
                log.exception("an inbox account cannot be checked")
            finally:
                after()

        def done(future: Future[None]) -> None:
            self._working.discard(future)
            if future.cancelled():
                never()

        try:
            future = self._pool.submit(run)
        except RuntimeError:  # the pool is closed
            never()
            return
        self._working.add(future)
        future.add_done_callback(done)

    # -- checks -------------------------------------------------------------------------------------------------

    def _check(self, number: int) -> None:
        """A check under the account's lease, which lasts on while its server is listened to."""
        errand = self._live()
        if not errand.take(accounts.lease_of(number), 1, 0.0):
            return
        try:
            account = accounts.read(db.session(), number)
        except BaseException:
            errand.give(accounts.lease_of(number))
            raise
        self._read(errand, account, None)

    def _heard(self, number: int, mailbox: ImapMailbox) -> None:
        """There are news: read them by the connection that told of them."""

        def read() -> None:
            errand = self._errand
            if errand is None or not errand.alive:  # others may have the account now
                mailbox.abandon()
                return
            try:
                account = accounts.read(db.session(), number)
                still_ours = number in due.revisions(db.session())
            except BaseException:
                mailbox.abandon()
                self._ended(number)
                raise
            if still_ours and account.settings == mailbox.settings:
                self._read(errand, account, mailbox)
            else:  # it was switched off, somebody wants it, or what it says now is not meant for this server
                mailbox.abandon()
                self._ended(number)

        self._work(read, never=mailbox.abandon)

    def _read(self, errand: Errand, account: Account, mailbox: ImapMailbox | None) -> None:
        kept: list[ImapMailbox] = []

        def keep_open(opened: Mailbox) -> bool:
            if isinstance(opened, ImapMailbox) and not self._quit.is_set():
                kept.append(opened)
            return bool(kept)

        try:
            told = checking.check_leased(account, lambda: errand.alive, mailbox=mailbox, keep_open=keep_open)
        except BaseException:  # else the heartbeat would keep the account from everybody
            for opened in (mailbox, *kept):
                if opened is not None:
                    opened.abandon()
            self._ended(account.id)
            raise
        well = told.trouble is None
        tells = well and bool(kept) and self._listening.add(account.id, account.revision, kept[0])
        if not (well and kept):
            errand.give(accounts.lease_of(account.id))
        if well and tells is not account.tells and not self._quit.is_set():
            health.note_whether_it_tells(account.id, tells)

    def _ended(self, number: int) -> None:
        """Nobody listens to the account any more: it is checked when it is due."""
        errand = self._errand
        if errand is not None:
            with suppress(SQLAlchemyError):
                errand.give(accounts.lease_of(number))

    # -- this node's lease --------------------------------------------------------------------------------------

    def _live(self) -> Errand:
        """This reader's life; after it was away for longer than its lease, a new one."""
        with self._life:
            if self._errand is None or not self._errand.alive:
                self._close_errand()
                self._errand = Errand(self._engine).__enter__()
            return self._errand

    def _close_errand(self) -> None:
        errand, self._errand = self._errand, None
        if errand is not None:
            self._listening.drop_all()
            with suppress(SQLAlchemyError):
                errand.__exit__(None, None, None)
