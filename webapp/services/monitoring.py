"""Trouble with Arauto's own accounts and jobs is told, once it has lasted for a while."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from webapp import clock
from webapp.models import AccountHealth, InboxAccount, InboxProgress, JobRun, Lease, SmtpAccount
from webapp.services import leases, own_events
from webapp.services.unit import write

DOWN_AFTER = timedelta(minutes=2)
LATE_AFTER = timedelta(minutes=30)


def tell_troubles() -> int:
    """Tell each account that is down, once an outage, and each job that is late; how many."""
    return (
        _accounts_down(SmtpAccount, AccountHealth, own_events.account_down)
        + _accounts_down(InboxAccount, InboxProgress, own_events.inbox_down)
        + _jobs_late()
    )


def _accounts_down(account: Any, health: Any, tell: Callable[[Any, Any], None]) -> int:
    """An outage lasts until the server works again or the account is changed; another one has another `since`."""
    now = clock.now()
    lasting = (
        health.failures > 0,
        health.since < now - DOWN_AFTER,
        or_(health.told_at.is_(None), health.told_at < health.since),
        health.account_id.in_(select(account.id).where(account.enabled)),
    )
    with write() as session:
        rows = session.scalars(update(health).where(*lasting).values(told_at=now).returning(health)).all()
        for row in rows:
            tell(session.get_one(account, row.account_id), row)
        return len(rows)


def _jobs_late() -> int:
    overdue = clock.now() - LATE_AFTER
    with write() as session:
        held = set(session.scalars(select(Lease.name).where(leases.is_live())))
        late = [run for run in session.scalars(select(JobRun).order_by(JobRun.name)) if _is_late(run, overdue, held)]
        for run in late:
            own_events.job_late(run)
        return len(late)


def _is_late(run: JobRun, overdue: datetime, held: Collection[str]) -> bool:
    """It fails since then, or is at it since then; a run that a dead process left behind is neither."""
    if run.finished_at is None:
        return run.started_at < overdue and leases.of_job(run.name) in held
    return bool(run.error) and (run.succeeded_at or run.started_at) < overdue
