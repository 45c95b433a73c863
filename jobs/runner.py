"""Runs one periodic job: under its lease, with its outcome noted."""

from __future__ import annotations

import logging

from flask import Flask

from jobs.table import Job
from webapp.errors import DatabaseBusy
from webapp.services import upkeep

log = logging.getLogger(__name__)


def run(app: Flask, job: Job, token: int) -> bool:
    """Run `job` unless another process holds its lease; True when it ran. A failure is noted, never raised."""
    with app.app_context():
        try:
            if not upkeep.begin_job(job.name, token, job.interval_seconds):
                return False
            upkeep.end_job(job.name, summary=job.run())
        except DatabaseBusy as error:
            log.error("job %s: the database is busy: %s", job.name, error)
        except Exception as error:
            log.exception("job %s failed", job.name)
            upkeep.end_job(job.name, error=f"{type(error).__name__}: {error}")
        return True
