"""How the servers of inbox accounts do: one in trouble is left alone for a while; the others are not concerned."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.mailboxes.base import MailboxTrouble, TroubleKind
from webapp.models import Credential, InboxAccount, InboxProgress
from webapp.services.inbox import store
from webapp.services.unit import write

if TYPE_CHECKING:
    from webapp.services.inbox.accounts import Account

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


def begun(account_id: int) -> datetime:
    """A check begins, and who wanted one has it; when it began.

    Only what came to an end counts: a process that dies in a check leaves the account due.
    """
    now = clock.now()
    with write() as session:
        store.progress(session, account_id).wanted_at = None
    return now


def failed(account: Account, began: datetime) -> bool:
    """A check that began then ended by an error of ours; False where the account is gone."""
    with write() as session:
        row = _checked(session, account, began)
        return row is not None or session.get(InboxAccount, account.id) is not None


def _checked(session: Session, account: Account, began: datetime) -> InboxProgress | None:
    """The next check is due an interval after that. None where the account is gone, or was changed meanwhile: what was
    found out is not about it as it is now.
    """
    in_force = session.execute(
        select(InboxAccount.version, func.coalesce(Credential.version, 0))
        .outerjoin(Credential, InboxAccount.credential_id == Credential.id)
        .where(InboxAccount.id == account.id)
    ).one_or_none()
    if in_force is None or tuple(in_force) != account.revision:
        return None
    row = store.progress(session, account.id)
    row.checked_at = began
    return row


def want(account_ids: Iterable[int]) -> None:
    """Who listens to these accounts lets go of them within about a second; they are checked by who asks."""
    with write() as session:
        for account_id in account_ids:
            store.progress(session, account_id).wanted_at = clock.now()


def note_whether_it_tells(account_id: int, tells: bool) -> None:
    """Whether the server tells when mail arrives, as it turned out."""
    with write() as session:
        store.progress(session, account_id).tells = tells


def ended(
    account: Account, began: datetime, trouble: MailboxTrouble | None, *, withheld: int = 0, refusal: str = ""
) -> None:
    """How the check that began then ended. Mails that the server withholds are told of, and are no trouble of ours."""
    now = clock.now()
    with write() as session:
        row = _checked(session, account, began)
        if row is None:
            return
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
