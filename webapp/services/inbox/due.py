"""Which accounts are to be read now, and which may go on being listened to. Looked at every second by each process.

Both need an application context.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, String, and_, bindparam, cast, exists, false, func, literal, select
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


def numbers(session: Session) -> list[int]:
    """The accounts whose next check is due and that nobody reads, the longest overdue first."""
    now = clock.now()
    rows = _overdue(accounts.sandbox_is_here()).all(driver(session), **_times(now), longest=now + LONGEST_WAIT)
    return [number for number, interval, checked_at, tells in rows if _is_due(interval, checked_at, tells, now)]


def revisions(session: Session) -> dict[int, tuple[int, int]]:
    """The accounts that are read by themselves and that nobody else wants now, each with its revision."""
    rows = _revisions(accounts.sandbox_is_here()).all(driver(session), **_times(clock.now()))
    return {number: (version, other or 0) for number, version, other in rows}


def _times(now: datetime) -> dict[str, datetime]:
    return {"now": now, "wanted_since": now - WANTED_FOR}


@cache
def _revisions(with_sandbox: bool) -> HotStatement:
    return HotStatement(
        select(InboxAccount.id, InboxAccount.version, Credential.version.label("credential_version"))
        .outerjoin(Credential, InboxAccount.credential_id == Credential.id)
        .outerjoin(InboxProgress, InboxProgress.account_id == InboxAccount.id)
        .where(*_free(with_sandbox))
    )


@cache
def _overdue(with_sandbox: bool) -> HotStatement:
    lease = literal("inbox:") + cast(InboxAccount.id, String) + literal(":0")
    waits = and_(InboxProgress.retry_at > _at("now"), InboxProgress.retry_at <= _at("longest"))
    return HotStatement(
        select(InboxAccount.id, InboxAccount.interval_seconds, InboxProgress.checked_at, InboxProgress.tells)
        .outerjoin(InboxProgress, InboxProgress.account_id == InboxAccount.id)
        .where(
            *_free(with_sandbox),
            ~func.coalesce(waits, false()),
            ~exists().where(Lease.name == lease, leases.is_live()),
        )
        .order_by(InboxProgress.checked_at.asc().nulls_first())
    )


def _free(with_sandbox: bool) -> list[ColumnElement[bool]]:
    """The conditions that an account is read by itself, and that nobody has just asked for it and comes to read it."""
    wanted = InboxProgress.wanted_at.between(_at("wanted_since"), _at("now"))
    conditions = [*accounts.usable(with_sandbox), InboxAccount.automatic_check.is_(True)]
    return [*conditions, ~func.coalesce(wanted, false())]


def _at(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=InboxProgress.checked_at.type)


def _is_due(interval_seconds: int, checked_at: datetime | None, tells: bool | None, now: datetime) -> bool:
    """A server that tells of new mail is to be listened to always; nobody does, or its lease would be taken.

    A check that lies ahead was noted before the clock was set back.
    """
    interval = timedelta(seconds=interval_seconds)
    wait = min(interval, TAKEN_UP_AFTER) if tells else interval
    return checked_at is None or not timedelta(0) <= now - checked_at < wait
