"""The periodic jobs as the pages know them, and the wish that one runs now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.probes import together
from webapp import clock
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.models import AuditEntry, JobRun, PeriodicJob
from webapp.services import periodic, upkeep
from webapp.services.periodic import Told
from webapp.services.unit import write

LONG = 3600
JOBS = [Told("first", LONG, "One", "Done: %(done)s"), Told("second", LONG, "Two", "Done: %(done)s")]
MINE, OTHER = 1, 2


def known() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(PeriodicJob.name).order_by(PeriodicJob.position)))


def wanted() -> list[str]:
    db.session.rollback()
    return periodic.wanted()


def test_the_table_is_told_again_by_every_process(any_ctx: Flask) -> None:
    together(any_ctx, [lambda: periodic.tell(JOBS)] * 4)
    assert known() == ["first", "second"]
    periodic.want("second")
    periodic.tell(JOBS)
    assert wanted() == ["second"]


def test_what_is_no_job_any_more_is_forgotten_with_its_last_run(any_ctx: Flask) -> None:
    periodic.tell(JOBS)
    with write() as session:
        session.add(JobRun(name="first", started_at=clock.now(), error="It failed for ever"))
    periodic.tell(JOBS[1:])
    assert known() == ["second"]
    assert db.session.scalars(select(JobRun.name)).all() == []


def test_a_wish_is_in_the_audit_log_and_ends_with_the_run(any_ctx: Flask) -> None:
    periodic.tell(JOBS)
    periodic.want("first")
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.noun, entry.name) == ("started", "jobs", "first")
    assert upkeep.begin_job("first", MINE, LONG)
    assert wanted() == []
    upkeep.end_job("first", MINE)
    assert wanted() == []


def test_a_wish_does_not_wait_for_the_interval(any_ctx: Flask) -> None:
    periodic.tell(JOBS)
    assert upkeep.begin_job("first", MINE, LONG)
    upkeep.end_job("first", MINE)
    assert not upkeep.begin_job("first", OTHER, LONG)
    periodic.want("first")
    assert upkeep.begin_job("first", OTHER, LONG)


def test_a_wish_meanwhile_waits_for_the_run_to_end(any_ctx: Flask) -> None:
    periodic.tell(JOBS)
    assert upkeep.begin_job("first", MINE, LONG)
    periodic.want("first")
    assert wanted() == []
    assert not upkeep.begin_job("first", OTHER, LONG)
    upkeep.end_job("first", MINE)
    assert wanted() == ["first"]


def test_only_a_job_can_be_wanted(any_ctx: Flask) -> None:
    with pytest.raises(NotFound, match="nothing"):
        periodic.want("nothing")


def test_a_run_says_who_ran_it(any_ctx: Flask) -> None:
    upkeep.begin_job("first", MINE, LONG)
    run = db.session.get_one(JobRun, "first")
    assert run.node
    assert run.started_at > clock.now() - timedelta(minutes=1)
