"""A WSGI application served as in production, by gunicorn, and stopped again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0


def free_port() -> int:
    """A port on this machine that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def served(app: str, environ: Mapping[str, str], *, workers: int, threads: int = 8) -> Iterator[int]:
    """The port of `app` (`module:name`), with gunicorn's settings of Arauto; it listens when this is entered."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", f"--workers={workers}"]
    with running([*command, f"--threads={threads}", "--log-level=error", app], environ) as process:
        wait_for(port, process)
        yield port


@contextmanager
def running(command: list[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the folder of the source; it and what it started are gone afterwards."""
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Returns when somebody listens at `port`."""
    end = time.monotonic() + START_SECONDS
    while not listens(port):
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"{process.args!r} does not listen.")
        time.sleep(0.005)
