"""The runner: a job runs under its lease; whatever it does is noted and never ends the scheduler."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from jobs import runner
from jobs.table import JOBS, Job
from tests.peers import wait_until
from webapp.database import lease_now
from webapp.errors import DatabaseBusy
from webapp.extensions import db
from webapp.models import JobRun, Lease
from webapp.services import upkeep
from webapp.services.unit import write


def job(run: Callable[[], dict[str, int]], interval: int = 60) -> Job:
    return Job("job", run, interval, "A job of a test", "Things done: %(done)s")


def noted() -> JobRun:
    db.session.rollback()
    return db.session.get_one(JobRun, "job", populate_existing=True)


def test_a_run_is_noted_and_frees_the_job(any_ctx: Flask) -> None:
    assert runner.run(any_ctx, job(lambda: {"done": 3}))
    assert (noted().counts, noted().error) == ({"done": 3}, "")
    assert noted().succeeded_at is not None
    assert list(db.session.scalars(select(Lease.name))) == []


def test_a_failure_is_noted_and_not_raised(any_ctx: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> dict[str, int]:
        raise KeyError("broken")

    assert runner.run(any_ctx, job(fail))
    assert noted().error == "KeyError: 'broken'"
    assert noted().succeeded_at is None
    assert "job job failed" in caplog.text
    assert list(db.session.scalars(select(Lease.name))) == []


def test_a_second_run_meanwhile_does_nothing(any_ctx: Flask) -> None:
    inside: list[bool] = []

    def again() -> dict[str, int]:
        inside.append(runner.run(any_ctx, job(dict)))
        return {}

    assert runner.run(any_ctx, job(again))
    assert inside == [False]


def test_a_long_run_keeps_its_lease(any_ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "HEARTBEAT_SECONDS", 0.05)

    def left() -> float:
        db.session.rollback()
        return db.session.scalar(select(Lease.until - lease_now())) or 0.0

    def last() -> dict[str, int]:
        with write() as session:
            session.query(Lease).update({"until": lease_now() + 1}, synchronize_session=False)
        wait_until(lambda: left() > 10, "the heartbeat")
        return {"done": 1}

    assert runner.run(any_ctx, job(last))
    assert noted().counts == {"done": 1}


def test_the_heartbeat_ends_with_the_run(any_ctx: Flask) -> None:
    before = threading.active_count()
    runner.run(any_ctx, job(dict))
    assert threading.active_count() == before


@pytest.mark.parametrize("verb", ["begin_job", "end_job"])
def test_a_busy_database_is_logged(
    any_ctx: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, verb: str
) -> None:
    def busy(*args: object, **kwargs: object) -> bool:
        raise DatabaseBusy("database is locked")

    monkeypatch.setattr(upkeep, verb, busy)
    assert not runner.run(any_ctx, job(dict))
    assert "database is locked" in caplog.text


@pytest.mark.parametrize("listed", JOBS, ids=lambda listed: listed.name)
def test_every_job_of_the_table_runs(any_ctx: Flask, listed: Job) -> None:
    assert runner.run(any_ctx, listed)
    db.session.rollback()
    run = db.session.get_one(JobRun, listed.name)
    assert run.error == ""
    assert set(run.counts.values()) == {0}
    assert str(listed.result % run.counts)


def test_the_table_is_whole() -> None:
    assert len({listed.name for listed in JOBS}) == len(JOBS)
    assert all(listed.meaning and listed.result and listed.interval_seconds > 0 for listed in JOBS)
