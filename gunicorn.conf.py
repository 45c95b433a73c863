"""How gunicorn serves Arauto. Found by itself beside wsgi.py: `gunicorn wsgi:app`, with or without --preload.

One worker with threads by default: senders and pages share the process. Several workers behave the same,
because claims and leases in the database decide who does what. Arguments on gunicorn's command line win over
this file.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import jobs

# Loading the application starts no jobs here: `post_worker_init` does, in each worker and never in the master.
jobs.leave_to_server()

bind = os.environ.get("ARAUTO_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("ARAUTO_WORKERS", "1"))
threads = int(os.environ.get("ARAUTO_THREADS", "8"))
worker_class = "gthread"

# A stop is promised within 20 seconds: requests and deliveries in hand get 18 of them.
graceful_timeout = 18
# Longer than nginx keeps an idle connection (60 s), so that it is never nginx that meets a closed one.
keepalive = 75
# A report's address holds its whole state: filters, columns, sort.
limit_request_line = 8190

# Who may say X-Forwarded-* is decided in one place, by ARAUTO_TRUSTED_PROXIES.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

# Its socket has one path for all gunicorns of a user, and nobody here uses it.
control_socket_disable = True

# A slow disk must not look like a hanging worker.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"


def post_worker_init(worker: Any) -> None:
    """Start the jobs in the worker, after the fork: threads and connections do not survive one."""
    gc.freeze()  # what was imported lives as long as the process: collecting need not look at it again and again
    jobs.start(worker.wsgi)
    _stop_jobs_on(signal.SIGTERM)


def worker_exit(server: Any, worker: Any) -> None:
    """Wait until work in hand is finished or released. Safe where the jobs never started."""
    jobs.stop()


def _stop_jobs_on(number: signal.Signals) -> None:
    """Let the jobs stop beside the last requests, not after them: together they have `graceful_timeout`."""
    before = signal.getsignal(number)

    def handler(received: int, frame: FrameType | None) -> None:
        threading.Thread(target=jobs.stop, name="stop-jobs").start()
        if callable(before):
            before(received, frame)

    signal.signal(number, handler)
