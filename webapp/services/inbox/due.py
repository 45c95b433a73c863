"""Which accounts are to be read now, and which may go on being listened to. Looked at every second by each process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from sqlalchemy import String, cast, exists, literal, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.database.hot import HotStatement
from webapp.models import Credential, InboxAccount, InboxProgress, Lease
from webapp.services import leases
from webapp.services.inbox import accounts
from webapp.services.unit import driver

# A retry that lies further ahead than this was written before the clock was set back.
LONGEST_WAIT = timedelta(hours=1)
WANTED_FOR = timedelta(seconds=15)
TAKEN_UP_AFTER = timedelta(seconds=3)


class Due(NamedTuple):
    """`now`: the accounts whose next check is due and that nobody reads, the longest overdue first.

    `revisions`: those that are read by themselves and that nobody else wants now, each with its revision.
    """

    now: Sequence[int]
    revisions: Mapping[int, tuple[int, int]]


class _Row(NamedTuple):
    id: int
    version: int
    credential_version: int | None
    interval_seconds: int
    checked_at: datetime | None
    retry_at: datetime | None
    wanted_at: datetime | None
    tells: bool | None
    is_read: bool


def look(session: Session) -> Due:
    """How it stands. Needs an application context."""
    now = clock.now()
    rows = [_Row(*row) for row in _query(accounts.sandbox_is_here()).all(driver(session))]
    free = [row for row in rows if not _is_wanted(row, now)]
    return Due(
        [row.id for row in free if not row.is_read and _may_be_tried(row, now) and _is_due(row, now)],
        {row.id: (row.version, row.credential_version or 0) for row in free},
    )


@cache
def _query(with_sandbox: bool) -> HotStatement:
    lease = literal("inbox:") + cast(InboxAccount.id, String) + literal(":0")
    return HotStatement(
        select(
            InboxAccount.id,
            InboxAccount.version,
            Credential.version.label("credential_version"),
            InboxAccount.interval_seconds,
            InboxProgress.checked_at,
            InboxProgress.retry_at,
            InboxProgress.wanted_at,
            InboxProgress.tells,
            exists().where(Lease.name == lease, leases.is_live()).label("is_read"),
        )
        .outerjoin(Credential, InboxAccount.credential_id == Credential.id)
        .outerjoin(InboxProgress, InboxProgress.account_id == InboxAccount.id)
        .where(*accounts.usable(with_sandbox), InboxAccount.automatic_check.is_(True))
        .order_by(InboxProgress.checked_at.asc().nulls_first())
    )


def _is_wanted(row: _Row, now: datetime) -> bool:
    """Somebody has just asked for the account, and comes to read it."""
    return row.wanted_at is not None and timedelta(0) <= now - row.wanted_at <= WANTED_FOR


def _may_be_tried(row: _Row, now: datetime) -> bool:
    return row.retry_at is None or not now < row.retry_at <= now + LONGEST_WAIT


def _is_due(row: _Row, now: datetime) -> bool:
    """A server that tells of new mail is to be listened to always; nobody does, or its lease would be taken.

    A check that lies ahead was noted before the clock was set back.
    """
    interval = timedelta(seconds=row.interval_seconds)
    wait = min(interval, TAKEN_UP_AFTER) if row.tells else interval
    return row.checked_at is None or not timedelta(0) <= now - row.checked_at < wait
