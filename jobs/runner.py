"""Runs one periodic job: under its lease, kept alive by a heartbeat, with its outcome noted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from jobs.table import Job
from webapp.errors import DatabaseBusy
from webapp.services import upkeep

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 5.0


def run(app: Flask, job: Job) -> bool:
    """Run `job` unless another run holds its lease; True when it ran and that is noted. Never raises."""
    token = upkeep.new_token()
    with app.app_context():
        try:
            if not upkeep.begin_job(job.name, token, job.interval_seconds):
                return False
            upkeep.end_job(job.name, token, **_outcome(app, job, token))
        except DatabaseBusy as error:
            log.error("job %s: the database is busy: %s", job.name, error)
            return False
        return True


def _outcome(app: Flask, job: Job, token: int) -> dict[str, Any]:
    try:
        with _heartbeat(app, job, token):
            return {"counts": job.run()}
    except Exception as error:
        log.exception("job %s failed", job.name)
        return {"error": f"{type(error).__name__}: {error}"}


@contextmanager
def _heartbeat(app: Flask, job: Job, token: int) -> Iterator[None]:
    """Keeps the lease of a run that lasts."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            with app.app_context():
                try:
                    upkeep.keep_job(job.name, token)
                except DatabaseBusy as error:
                    log.error("job %s: the heartbeat failed: %s", job.name, error)

    thread = threading.Thread(target=beat, name=f"job-{job.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
