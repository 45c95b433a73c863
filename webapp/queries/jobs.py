"""The periodic jobs with their last runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import JobRun, PeriodicJob


@dataclass(frozen=True, slots=True)
class Job:
    """A job and its last run; `next_at` is about when it runs again, None before the first run."""

    name: str
    meaning: str
    result: str
    interval: timedelta
    wanted: bool
    started_at: datetime | None = None
    finished_at: datetime | None = None
    counts: Mapping[str, int] | None = None
    error: str = ""
    node: str = ""

    @property
    def runs(self) -> bool:
        return self.started_at is not None and self.finished_at is None

    @property
    def milliseconds(self) -> int | None:
        """How long the last run took."""
        if self.started_at is None or self.finished_at is None:
            return None
        return round((self.finished_at - self.started_at) / timedelta(milliseconds=1))

    @property
    def next_at(self) -> datetime | None:
        return None if self.started_at is None else self.started_at + self.interval


def jobs(session: Session) -> list[Job]:
    """Every job, in the order of the table of jobs."""
    rows = session.execute(
        select(PeriodicJob, JobRun)
        .outerjoin(JobRun, JobRun.name == PeriodicJob.name)
        .order_by(PeriodicJob.position)
        .execution_options(populate_existing=True)
    )
    return [_job(row.PeriodicJob, row.JobRun) for row in rows]


def _job(job: PeriodicJob, run: JobRun | None) -> Job:
    last = (
        {name: getattr(run, name) for name in ("started_at", "finished_at", "counts", "error", "node")} if run else {}
    )
    interval = timedelta(seconds=job.interval_seconds)
    return Job(job.name, job.meaning, job.result, interval, job.wanted_at is not None, **last)
