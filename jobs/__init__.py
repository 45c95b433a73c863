"""What runs by itself: the sender and the periodic jobs, in every serving process that has jobs on.

A server that forks after loading the application (gunicorn --preload) would leave the children without threads, so
they are started again in each child; the parent that only supervises is told not to start any.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from jobs.running import Running

_lock = threading.Lock()
_running: Running | None = None
_app: Flask | None = None
_started_by_server = False


def leave_to_server() -> None:
    """Called by a server's own configuration that starts the jobs in each worker: loading the application does not."""
    global _started_by_server
    _started_by_server = True


def start_with(app: Flask) -> None:
    """Start the jobs because the application was loaded, unless the server does that itself or the jobs are off."""
    global _app
    _app = app
    if not _started_by_server:
        start(app)
        os.register_at_fork(after_in_child=_restart)


def start(app: Flask) -> None:
    """Start the jobs in this process; once a process."""
    global _running
    if not app.config["ARAUTO_JOBS"]:
        return
    from jobs.running import Running

    with _lock:
        if _running is None:
            _running = Running(app)
            _running.start()
            atexit.register(stop)


def stop() -> None:
    """Finish what is in hand and end the jobs of this process, within about 12 s. A second call waits for the first."""
    global _running
    with _lock:
        if _running is not None:
            _running.stop()
            _running = None


def _restart() -> None:
    global _running, _lock
    _lock = threading.Lock()
    was_running, _running = _running is not None, None
    if was_running and _app is not None:
        start(_app)
