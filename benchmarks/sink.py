"""A C server that swallows mail at full speed: Postfix's smtp-sink."""

from __future__ import annotations

import getpass
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.served import free_port, running, wait_for


@contextmanager
def one_core() -> Iterator[None]:
    """Keeps this process and its children on one core: wake-ups across cores of a virtual machine drown everything."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def sink() -> Iterator[int]:
    """The port of a running sink."""
    binary = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        raise SystemExit("smtp-sink is missing: it comes with Postfix (apt-get install postfix).")
    port = free_port()
    user = "nobody" if os.getuid() == 0 else getpass.getuser()
    with running([binary, "-u", user, f"127.0.0.1:{port}", "128"], {}) as process:
        wait_for(port, process)
        yield port
