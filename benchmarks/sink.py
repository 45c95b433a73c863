"""A C server that swallows mail at full speed (Postfix's smtp-sink), on the same core as whoever sends to it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

CORE = {0}


def pin() -> None:
    """Keep this process and its children on one core: wake-ups across cores of a virtual machine drown everything."""
    os.sched_setaffinity(0, CORE)


@contextmanager
def sink() -> Iterator[int]:
    """The port of a running sink."""
    binary = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        raise SystemExit("smtp-sink is missing: it comes with Postfix (apt-get install postfix).")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    user = "nobody" if os.getuid() == 0 else getpass.getuser()
    process = subprocess.Popen([binary, "-u", user, f"127.0.0.1:{port}", "128"])
    try:
        end = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if time.monotonic() > end:
                raise SystemExit("smtp-sink does not listen.")
            time.sleep(0.01)
        yield port
    finally:
        process.terminate()
        process.wait()
