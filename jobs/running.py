"""The jobs of one process while they run."""

from __future__ import annotations

from datetime import UTC
from threading import Thread

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from jobs import poll_inboxes, runner
from jobs.table import JOBS
from jobs.wishes import Wishes
from webapp import clock
from webapp.services.inbox.reader import Reader
from webapp.services.sandbox.server import SandboxServer
from webapp.services.sender import Sender


class Running:
    """The sender, the scheduler, and the sandbox mail server where it is on."""

    def __init__(self, app: Flask):
        self._sender = Sender(app.config)
        self._reader = Reader(app)
        self._sandbox = SandboxServer(app) if app.config["ARAUTO_SANDBOX"] else None
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 30},
            timezone=UTC,
        )
        for job in JOBS:
            self._scheduler.add_job(
                runner.run,
                "interval",
                args=[app, job],
                seconds=job.interval_seconds,
                id=job.name,
                next_run_time=clock.now(),
            )
        poll_inboxes.schedule(self._scheduler, self._reader)
        wishes = Wishes(app, self._scheduler)
        self._scheduler.add_job(wishes.look, "interval", seconds=1, id="wishes")
        if self._sandbox:
            self._scheduler.add_job(self._sandbox.ensure, "interval", seconds=1, id="sandbox")

    def start(self) -> None:
        if self._sandbox:
            self._sandbox.ensure()
        self._sender.start()
        self._reader.start()
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)
        stopping = Thread(target=self._reader.stop)
        stopping.start()
        self._sender.stop()
        stopping.join()
        if self._sandbox:
            self._sandbox.stop()
