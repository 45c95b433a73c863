"""Reads the inbox accounts that are due. Every process looks; the lease of an account says which one reads it.

Unlike the jobs of `jobs.table` it is not run by one process alone: many accounts are shared by all.
"""

from __future__ import annotations

from apscheduler.schedulers.background import BackgroundScheduler

from webapp import clock
from webapp.services.inbox.reader import Reader

INTERVAL_SECONDS = 1


def schedule(scheduler: BackgroundScheduler, reader: Reader) -> None:
    """Let the reader look now, and every second."""
    scheduler.add_job(reader.look, "interval", seconds=INTERVAL_SECONDS, id="poll_inboxes", next_run_time=clock.now())
