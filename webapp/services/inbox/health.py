"""How the servers of inbox accounts do: one in trouble is left alone for a while; the others are not concerned."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.orm import Session

from webapp import clock
from webapp.mailboxes.base import MailboxTrouble, TroubleKind
from webapp.services.inbox import store
from webapp.services.unit import write

# Seconds until the first new try, and the most that the doubling reaches. A wrong password is tried rarely, so that
# the server does not lock the user out.
PATIENCE: dict[TroubleKind, tuple[float, float]] = {
    TroubleKind.UNREACHABLE: (5.0, 300.0),
    TroubleKind.BUSY: (10.0, 300.0),
    TroubleKind.TLS: (60.0, 600.0),
    TroubleKind.AUTH: (600.0, 1800.0),
    TroubleKind.FOLDER: (60.0, 600.0),
    TroubleKind.PROTOCOL: (30.0, 600.0),
}


def begun(account_id: int) -> None:
    """A check begins: the next one is due an interval from now, and who wanted one has it."""
    with write() as session:
        row = store.progress(session, account_id)
        row.checked_at, row.wanted_at = clock.now(), None


def want(account_ids: Iterable[int]) -> None:
    """Who listens to these accounts lets go of them within about a second; they are checked by who asks."""
    with write() as session:
        for account_id in account_ids:
            store.progress(session, account_id).wanted_at = clock.now()


def note_whether_it_tells(account_id: int, tells: bool) -> None:
    """Whether the server tells when mail arrives, as it turned out."""
    with write() as session:
        store.progress(session, account_id).tells = tells


def ended(account_id: int, trouble: MailboxTrouble | None, *, withheld: int = 0, refusal: str = "") -> None:
    """How the check ended. Mails that the server withholds are told of, and are no trouble of the account."""
    now = clock.now()
    with write() as session:
        row = store.progress(session, account_id)
        if trouble is None:
            row.withheld, row.refusal = withheld, refusal
            row.succeeded_at, row.failures, row.since, row.retry_at, row.kind, row.words = now, 0, None, None, "", ""
            return
        row.failures += 1
        row.since = row.since or now
        row.retry_at = now + _wait(trouble.kind, row.failures)
        row.kind, row.words = trouble.kind.value, trouble.words


def forgive(session: Session, account_id: int) -> None:
    """The account's settings changed: try it at once."""
    row = store.progress(session, account_id)
    row.failures, row.since, row.retry_at, row.checked_at, row.kind, row.words = 0, None, None, None, "", ""
    row.withheld, row.refusal = 0, ""


def _wait(kind: TroubleKind, failures: int) -> timedelta:
    first, most = PATIENCE[kind]
    return timedelta(seconds=min(first * 2 ** min(failures - 1, 16), most) * random.uniform(0.8, 1.2))  # noqa: S311
