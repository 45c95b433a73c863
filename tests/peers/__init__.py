"""Real peers: where their programs are, how they start on free ports, and what happens without them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest

T = TypeVar("T")

ADMIN_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))


def peer_missing(name: str, reason: str) -> NoReturn:
    """Skip the test that needs this peer; fail it where all are required (ARAUTO_TEST_REQUIRE_PEERS=1)."""
    words = f"{name} is missing: {reason}"
    if os.environ.get("ARAUTO_TEST_REQUIRE_PEERS") == "1":
        pytest.fail(words, pytrace=False)
    pytest.skip(words)


def program(name: str) -> Path | None:
    """Where a program is, also in the folders of administrators, which ordinary users do not search."""
    found = shutil.which(name, path=ADMIN_PATH)
    return Path(found).resolve() if found else None


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def wait_until(condition: Callable[[], T], what: str, seconds: float = 15.0) -> T:
    """The first true answer of `condition`; fails the test naming `what` when none comes in time."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            pytest.fail(f"Waited {seconds:g} s in vain for {what}.")
        time.sleep(0.01)
    return answer


def wait_listening(process: subprocess.Popen[Any], port: int, what: str, log: Path | None = None) -> None:
    """Return when `process` accepts connections on `port`; fails with its log as soon as it ends instead."""

    def ready() -> bool:
        if process.poll() is not None:
            words = log.read_text(errors="replace")[-2000:] if log else ""
            pytest.fail(f"{what} ended with {process.returncode} instead of listening. {words}")
        return listening(port)

    wait_until(ready, f"{what} on port {port}")


def stop(process: subprocess.Popen[Any], number: int, seconds: float = 10.0) -> None:
    """End `process` with signal `number`; one that does not listen is killed."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def unprivileged() -> dict[str, Any]:
    """Arguments for `subprocess` under which a program runs that refuses to run as root."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give_away(folder: Path) -> None:
    """Let an unprivileged program own `folder`."""
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
