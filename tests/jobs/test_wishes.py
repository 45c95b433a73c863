"""Wishes: what somebody wants to run now runs within a second, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy import select

from jobs import runner, wishes
from jobs.table import JOBS, Job
from jobs.wishes import Wishes
from tests.peers import wait_until
from webapp import clock
from webapp.errors import DatabaseBusy
from webapp.extensions import db
from webapp.models import JobRun, PeriodicJob
from webapp.services import configuration, periodic

LONG = 3600


@pytest.fixture
def scheduler() -> Iterator[BackgroundScheduler]:
    made = BackgroundScheduler(timezone=UTC)
    made.start()
    yield made
    made.shutdown()


def test_the_first_look_tells_which_jobs_there_are(any_ctx: Flask, scheduler: BackgroundScheduler) -> None:
    Wishes(any_ctx, scheduler).look()
    told = db.session.scalars(select(PeriodicJob).order_by(PeriodicJob.position)).all()
    assert [(job.name, job.interval_seconds) for job in told] == [(job.name, job.interval_seconds) for job in JOBS]


def test_a_job_that_is_wanted_runs_now_and_once(
    any_ctx: Flask, scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    job = Job("rare", lambda: ran.append("once") or {}, LONG, "A rare job", "Done")
    monkeypatch.setattr(wishes, "JOBS", (job,))
    scheduler.add_job(runner.run, "interval", args=[any_ctx, job], seconds=LONG, id=job.name)
    looking = Wishes(any_ctx, scheduler)
    looking.look()
    periodic.want("rare")
    looking.look()
    wait_until(ended, "the run")
    looking.look()
    assert ran == ["once"]
    assert scheduler.get_job("rare").next_run_time > clock.now() + timedelta(minutes=1)


def ended() -> bool:
    db.session.rollback()
    return db.session.scalar(select(JobRun.finished_at)) is not None


def test_a_certificate_that_is_saved_is_looked_at_at_once(any_ctx: Flask, scheduler: BackgroundScheduler) -> None:
    Wishes(any_ctx, scheduler).look()
    assert periodic.wanted() == []
    configuration.save("certificates", {"name": "Portal", "host": "portal.corp.example"})
    assert periodic.wanted() == ["check_certificates"]


def test_a_database_that_does_not_answer_is_told_and_asked_again(
    ctx: Flask, scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(*args: object) -> None:
        raise DatabaseBusy("database is locked")

    looking = Wishes(ctx, scheduler)
    with monkeypatch.context() as patched:
        patched.setattr(periodic, "tell", busy)
        looking.look()
    assert "database is locked" in caplog.text
    looking.look()
    assert len(db.session.scalars(select(PeriodicJob.name)).all()) == len(JOBS)
