"""Tells the pages which jobs there are, and runs at once what somebody wants to run now."""

from __future__ import annotations

import logging

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from jobs.table import JOBS
from webapp import clock
from webapp.errors import DatabaseBusy
from webapp.services import periodic

log = logging.getLogger(__name__)


class Wishes:
    """Looks once a second. A wish moves the next run of its job to now; that run is under the lease, as any other."""

    def __init__(self, app: Flask, scheduler: BackgroundScheduler):
        self._app = app
        self._scheduler = scheduler
        self._told = False

    def look(self) -> None:
        """Never raises: the next look does what this one could not."""
        with self._app.app_context():
            try:
                if not self._told:
                    periodic.tell(
                        [periodic.Told(job.name, job.interval_seconds, job.meaning, job.result) for job in JOBS]
                    )
                    self._told = True
                wanted = periodic.wanted()
            except (DatabaseBusy, SQLAlchemyError) as error:
                log.error("the wishes for jobs cannot be read: %s", error)
                return
        for name in wanted:
            if self._scheduler.get_job(name) is not None:
                self._scheduler.modify_job(name, next_run_time=clock.now())
