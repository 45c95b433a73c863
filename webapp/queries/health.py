"""What is wrong now: the health dot, the list behind it, and whether this process is ready for traffic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.models import (
    AccountHealth,
    Attempt,
    Certificate,
    InboundMessage,
    InboundState,
    InboxAccount,
    InboxProgress,
    JobRun,
    Message,
    SandboxMail,
    Sighting,
    SmtpAccount,
    State,
)

SANDBOX = "Sandbox"
STUCK_AFTER = timedelta(minutes=5)
HANGING_AFTER = timedelta(minutes=10)
CERTIFICATE_ENDS_SOON = timedelta(days=7)
MOST_CERTIFICATES = 20
MOST_COUNTED = 1000
# The most frequent job runs every few seconds in one process of all, so silence this long means that none runs them.
JOBS_SILENT_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong, what fills its words, and whether messages still leave (amber) or not (red)."""

    kind: str
    level: str
    detail: dict[str, Any] = field(default_factory=dict)


def troubles(session: Session, *, jobs_expected: bool = True) -> list[Trouble]:
    """Everything that is wrong now, the worst first."""
    found = [trouble for check in CHECKS for trouble in check(session, clock.now(), jobs_expected)]
    return sorted(found, key=lambda trouble: trouble.level != "red")


def level(found: list[Trouble]) -> str:
    """green, amber or red: the worst of what was found."""
    levels = {trouble.level for trouble in found}
    return next((name for name in ("red", "amber") if name in levels), "green")


def sandbox_holds_mail(session: Session) -> bool:
    """Whether the sandbox mail server ever caught something that is still kept."""
    return session.scalar(select(SandboxMail.id).limit(1)) is not None


def jobs_are_fresh(session: Session, *, up_since: datetime) -> bool:
    """Whether some process runs the periodic jobs; a process that has just started is given time."""
    silent_since = clock.now() - JOBS_SILENT_AFTER
    return up_since > silent_since or (_last_job(session) or up_since) > silent_since


def _last_job(session: Session) -> datetime | None:
    return session.scalar(select(func.max(JobRun.started_at)))


def _no_account(session: Session, now: datetime, jobs: bool) -> Iterator[Trouble]:
    accounts = session.execute(select(SmtpAccount.is_default)).scalars().all()
    if not any(accounts):
        yield Trouble("no_default" if accounts else "no_account", "red")


def _accounts(session: Session, now: datetime, jobs: bool) -> Iterator[Trouble]:
    rows = session.execute(
        select(SmtpAccount.name, SmtpAccount.host, SmtpAccount.port, SmtpAccount.is_default, AccountHealth)
        .join(AccountHealth, AccountHealth.account_id == SmtpAccount.id)
        .where(SmtpAccount.enabled, AccountHealth.failures > 0)
        .order_by(SmtpAccount.name)
    )
    for row in rows:
        health = row.AccountHealth
        detail = {"account": row.name, "host": row.host, "port": row.port, "default": row.is_default}
        detail |= {name: getattr(health, name) for name in ("kind", "stage", "code", "words", "since", "retry_at")}
        yield Trouble("account_down", "red" if row.is_default else "amber", detail)


def _inboxes(session: Session, now: datetime, jobs: bool) -> Iterator[Trouble]:
    """Mailboxes that cannot be read: mail still leaves, and what comes back waits on its server."""
    columns = [getattr(InboxProgress, name) for name in ("kind", "words", "since", "retry_at")]
    rows = session.execute(
        select(
            InboxAccount.name.label("account"),
            InboxAccount.host,
            InboxAccount.port,
            InboxAccount.automatic_check,
            *columns,
        )
        .join(InboxProgress, InboxProgress.account_id == InboxAccount.id)
        .where(InboxAccount.enabled, InboxProgress.failures > 0)
        .order_by(InboxAccount.name)
    )
    for row in rows:
        yield Trouble("inbox_down", "amber", dict(row._mapping))


def _withheld(session: Session, now: datetime, jobs: bool) -> Iterator[Trouble]:
    """Mails that a server lists and does not give: whoever wrote them may wait for an effect."""
    rows = session.execute(
        select(InboxAccount.name.label("account"), InboxProgress.withheld, InboxProgress.refusal)
        .join(InboxProgress, InboxProgress.account_id == InboxAccount.id)
        .where(InboxAccount.enabled, InboxProgress.failures == 0, InboxProgress.withheld > 0)
        .order_by(InboxAccount.name)
    )
    for row in rows:
        yield Trouble("mail_withheld", "amber", dict(row._mapping))


def _held(session: Session, now: datetime, jobs: bool) -> Iterator[Trouble]:
    yield from _counted(session, "mail_held", InboundMessage.state == InboundState.HELD)


def _queue(session: Session, now: datetime, jobs: bool) -> Iterator[Trouble]:
    """Due for long although its account is well and nothing was tried: nobody sends."""
    overdue = now - STUCK_AFTER
    healthy = (
        select(SmtpAccount.id, SmtpAccount.name)
        .outerjoin(AccountHealth, AccountHealth.account_id == SmtpAccount.id)
        .where(SmtpAccount.enabled, func.coalesce(AccountHealth.failures, 0) == 0)
    )
    for account in session.execute(healthy).all():
        waiting = select(Message.id).where(
            Message.account_id == account.id, Message.state == State.QUEUED, Message.next_attempt_at < overdue
        )
        tried = select(Attempt.id).where(Attempt.account_id == account.id, Attempt.started_at > overdue)
        if session.scalar(tried.limit(1)) is None and session.scalar(waiting.limit(1)) is not None:
            yield Trouble("queue_stuck", "red", {"account": account.name, "minutes": STUCK_AFTER.seconds // 60})


def _jobs(session: Session, now: datetime, jobs: bool) -> Iterator[Trouble]:
    last = _last_job(session)
    if jobs and last is not None and last < now - JOBS_SILENT_AFTER:
        yield Trouble("jobs_silent", "red", {"since": last})
    for run in session.scalars(select(JobRun).order_by(JobRun.name)):
        if run.error:
            yield Trouble("job_failed", "amber", {"job": run.name, "error": run.error, "at": run.finished_at})
        elif run.finished_at is None and run.started_at < now - HANGING_AFTER:
            yield Trouble("job_hanging", "amber", {"job": run.name, "since": run.started_at})


def _sandbox(session: Session, now: datetime, jobs: bool) -> Iterator[Trouble]:
    is_default = select(SmtpAccount.id).where(SmtpAccount.name == SANDBOX, SmtpAccount.is_default)
    if session.scalar(is_default) is not None:
        yield Trouble("sandbox_default", "amber")


def _unknown(session: Session, now: datetime, jobs: bool) -> Iterator[Trouble]:
    yield from _counted(session, "unknown_outcome", Message.state == State.UNKNOWN)


def _counted(session: Session, kind: str, condition: ColumnElement[bool]) -> Iterator[Trouble]:
    """A trouble for the rows that meet a condition, counting no further than is told."""
    some = select(literal(1)).where(condition).limit(MOST_COUNTED).subquery()
    count = session.scalar(select(func.count()).select_from(some)) or 0
    if count:
        yield Trouble(kind, "amber", {"count": count})


def _certificates(session: Session, now: datetime, jobs: bool) -> Iterator[Trouble]:
    wrong = or_(Sighting.ends_at < now + CERTIFICATE_ENDS_SOON, Sighting.down)
    rows = session.execute(
        select(Certificate.id, Certificate.name, Sighting.ends_at, Sighting.down, Sighting.error)
        .join(Sighting, Sighting.certificate_id == Certificate.id)
        .where(Certificate.enabled, wrong)
        .order_by(Sighting.ends_at, Certificate.name)
        .limit(MOST_CERTIFICATES)
    )
    for row in rows:
        detail = {"id": row.id, "certificate": row.name, "ends_at": row.ends_at, "error": row.error}
        if row.down:
            yield Trouble("certificate_unseen", "amber", detail)
        if row.ends_at is not None and row.ends_at < now + CERTIFICATE_ENDS_SOON:
            yield Trouble("certificate_expired" if row.ends_at < now else "certificate_ends", "amber", detail)


CHECKS: tuple[Callable[[Session, datetime, bool], Iterator[Trouble]], ...] = (
    _no_account,
    _accounts,
    _inboxes,
    _withheld,
    _held,
    _queue,
    _jobs,
    _unknown,
    _certificates,
    _sandbox,
)
