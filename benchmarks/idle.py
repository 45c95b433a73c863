"""What mailboxes cost that are listened to (IMAP IDLE) while no mail comes: memory and processor of this process."""

from __future__ import annotations

import logging
import os
import time

import trustme
from flask import Flask

from benchmarks import gateway
from benchmarks.measure import at_most
from benchmarks.rest import memory, seconds
from jobs import poll_inboxes
from tests.peers import program, wait_until
from tests.peers.dovecot import Dovecot, running
from tests.reading import reading
from webapp.extensions import db
from webapp.models import InboxAccount, InboxProgress
from webapp.services import configuration
from webapp.services.unit import write

ACCOUNTS = 300
OF = 500  # the targets are for so many
SETTLE_SECONDS = 3.0
WATCHED_SECONDS = 20.0


def _add_accounts(server: Dovecot) -> None:
    """Each reads the mailbox of the same user, whom nobody writes to."""
    secret = {"value": server.password}
    configuration.save("credentials", {"name": "reader", "username": server.box().user, "secret": secret})
    account = {"name": "Box 0", "host": "127.0.0.1", "port": server.imap, "credential": "reader"}
    configuration.save("inbox_accounts", {**account, "interval_seconds": 3600})
    with write() as session:
        first = session.query(InboxAccount).one()
        names = [column.key for column in InboxAccount.__table__.columns if column.key not in ("id", "name")]
        values = {name: getattr(first, name) for name in names}
        session.add_all(InboxAccount(name=f"Box {number}", **values) for number in range(1, ACCOUNTS))


def _read() -> int:
    """How many accounts were read to their end, and are listened to since."""
    db.session.rollback()
    return db.session.query(InboxProgress).filter(InboxProgress.succeeded_at.is_not(None)).count()


def _measured(app: Flask) -> tuple[float, float]:
    """Megabytes more than before, and percent of a core."""
    here = [os.getpid()]
    before = memory(here)
    with reading(app, poll_inboxes.INTERVAL_SECONDS):
        wait_until(lambda: _read() == ACCOUNTS, "all mailboxes to be listened to", 120)
        time.sleep(SETTLE_SECONDS)
        used = seconds(here)
        time.sleep(WATCHED_SECONDS)
        return memory(here) - before, (seconds(here) - used) / WATCHED_SECONDS * 100


def main() -> None:
    """Print each target."""
    if program("dovecot") is None:
        print("skipped idle: dovecot missing (Debian: apt-get install dovecot-imapd)")
        return
    logging.getLogger("imapclient").setLevel(logging.WARNING)
    with running(trustme.CA()) as server, gateway.gateway() as app:
        _add_accounts(server)
        megabytes, percent = _measured(app)
    beside = f"{megabytes * 1024 / ACCOUNTS:,.0f} KB an account, measured with {ACCOUNTS}"
    at_most(f"idle: megabytes more for {OF} mailboxes", megabytes / ACCOUNTS * OF, 100, beside)
    at_most(f"idle: percent of a core for {OF} mailboxes", percent / ACCOUNTS * OF, 3)


if __name__ == "__main__":
    main()
