"""Postfix's smtp-sink: a C server that swallows mail at full speed, and fails on request (-f -r -q -Q)."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.peers import free_port, peer_missing, program, stop, wait_listening


@dataclass(frozen=True)
class Sink:
    """Where a running sink listens."""

    host: str
    port: int
    pid: int


@contextmanager
def smtp_sink(*options: str) -> Iterator[Sink]:
    """Run a sink with these options on a free loopback port; skip the test where it is not installed."""
    binary = program("smtp-sink")
    if binary is None:
        peer_missing("smtp-sink", "it comes with Postfix (Debian: apt-get install postfix)")
    port = free_port()
    user = "nobody" if os.getuid() == 0 else getpass.getuser()
    arguments = [str(binary), "-u", user, *options, f"127.0.0.1:{port}", "128"]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    try:
        wait_listening(process, port, "smtp-sink")
        yield Sink("127.0.0.1", port, process.pid)
    finally:
        stop(process, signal.SIGTERM)
