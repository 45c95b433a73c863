"""A process that reads inbox accounts, without all else that a process does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from unittest.mock import patch

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from jobs import poll_inboxes
from webapp.services.inbox.reader import Reader


@contextmanager
def reading(app: Flask, every: float = 0.1) -> Iterator[Reader]:
    """Accounts are read when they are due, and listened to in between, until this is left.

    They are looked at more often than in earnest (`every` so many seconds), so that no test waits for that.
    """
    reader, scheduler = Reader(app), BackgroundScheduler(timezone=UTC)
    with patch.object(poll_inboxes, "INTERVAL_SECONDS", every):
        poll_inboxes.schedule(scheduler, reader)
    reader.start()
    scheduler.start()
    try:
        yield reader
    finally:
        scheduler.shutdown()
        reader.stop()
