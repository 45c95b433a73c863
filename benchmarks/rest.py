"""What the program costs while nothing happens, and how soon `make run` is there."""

from __future__ import annotations

import os
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import at_most
from benchmarks.served import free_port, running

WATCHED_SECONDS = 30.0
SETTLE_SECONDS = 5.0


def _family(pid: int) -> list[int]:
    """A process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def memory(pids: list[int]) -> float:
    """Megabytes in use, what they share counted once."""
    lines = (line for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def seconds(pids: list[int]) -> float:
    """Processor time used so far."""
    stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _started(folder: str) -> Iterator[tuple[int, float]]:
    """`make run`, ready; the process and the seconds that it took."""
    port = free_port()
    environ = {"ARAUTO_DATA_DIR": folder, "ARAUTO_BASE_URL": f"http://127.0.0.1:{port}"}
    began = time.perf_counter()
    with running(["make", "run", f"PORT={port}"], environ) as process:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.perf_counter() - began > 60:
                    raise SystemExit("`make run` does not get ready.") from None
                time.sleep(0.01)
        yield process.pid, time.perf_counter() - began


def main() -> None:
    """Print each target."""
    with tempfile.TemporaryDirectory() as folder:
        with _started(folder):
            pass
        with _started(folder) as (pid, warm):
            time.sleep(SETTLE_SECONDS)
            pids = _family(pid)
            before = seconds(pids)
            time.sleep(WATCHED_SECONDS)
            used = (seconds(pids) - before) / WATCHED_SECONDS * 100
            megabytes = memory(pids)
    at_most("start: make run, warm, seconds", warm, 3)
    at_most("rest: megabytes of all processes", megabytes, 150)
    at_most("rest: percent of a core", used, 1)


if __name__ == "__main__":
    main()
