"""Upkeep: what the periodic jobs do, and the note of when each last ran."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp import clock
from webapp.models import IdempotencyRecord, JobRun, PeriodicJob, SandboxMail, SignInFailure, WebSession
from webapp.services import claims, leases, rules, wake
from webapp.services.unit import after_commit, write

ANSWERS_KEPT = timedelta(days=7)
SESSION_IDLE = timedelta(hours=12)
FAILURES_KEPT = timedelta(days=1)
UNUSED_RULES_KEPT = timedelta(hours=1)  # by then no transaction that read one is still open
SANDBOX_KEPT = 1000

new_token = leases.new_token


def begin_job(name: str, token: int, interval_seconds: int) -> bool:
    """Take the job's lease. False while another run has it, or when one began less than half an interval ago and
    nobody wants another one now.
    """
    recent = timedelta(seconds=interval_seconds / 2)
    with write() as session:
        if not leases.acquire(session.connection(), leases.of_job(name), token):
            return False
        run = session.get(JobRun, name) or JobRun(name=name)
        if run.started_at and abs(clock.now() - run.started_at) < recent and not _is_wanted(session, name):
            leases.release(session.connection(), token)
            return False
        session.execute(update(PeriodicJob).where(PeriodicJob.name == name).values(wanted_at=None))
        run.started_at, run.finished_at, run.node = clock.now(), None, f"{socket.gethostname()} {os.getpid()}"
        session.add(run)
    return True


def _is_wanted(session: Session, name: str) -> bool:
    return session.scalar(select(PeriodicJob.wanted_at).where(PeriodicJob.name == name)) is not None


def keep_job(name: str, token: int) -> bool:
    """The heartbeat of a run: its lease lasts another 20 s. False when another run has it."""
    with write() as session:
        return leases.acquire(session.connection(), leases.of_job(name), token)


def end_job(name: str, token: int, *, counts: Mapping[str, int] | None = None, error: str = "") -> None:
    """Note how a run ended, and free the job; a run that lost its lease to another one leaves no note."""
    with write() as session:
        if not leases.acquire(session.connection(), leases.of_job(name), token):
            return
        leases.release(session.connection(), token)
        run = session.get_one(JobRun, name)
        run.finished_at, run.counts, run.error = clock.now(), dict(counts or {}), error[:500]
        if not error:
            run.succeeded_at = run.finished_at


def free_claims() -> int:
    """Queue what dead nodes held; how many messages."""
    with write() as session:
        freed = claims.reap(session.connection(), clock.now())
        if freed:
            after_commit(wake.wake_all)
    return freed


def forget_old() -> int:
    """Delete what is of no more use; how many rows: old answers, sign-ins, failures, rulebooks that judged nothing,
    and the oldest sandbox mail.
    """
    now = clock.now()
    newest = select(SandboxMail.id).order_by(SandboxMail.id.desc()).offset(SANDBOX_KEPT).limit(1).scalar_subquery()
    statements = (
        delete(IdempotencyRecord).where(IdempotencyRecord.created_at < now - ANSWERS_KEPT),
        delete(WebSession).where(WebSession.seen_at < now - SESSION_IDLE),
        delete(SignInFailure).where(SignInFailure.at < now - FAILURES_KEPT),
        delete(SandboxMail).where(SandboxMail.id <= newest),
    )
    with write() as session:
        connection = session.connection()
        deleted = sum(connection.execute(statement).rowcount for statement in statements)
        return deleted + rules.forget_unused(session, now - UNUSED_RULES_KEPT)
