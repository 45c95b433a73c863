"""The write queue of SQLite: writers one after the other, in all threads and processes, and after forks."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.test_database import make_engine
from webapp.config import ROOT
from webapp.database import queue
from webapp.database.queue import WriteQueue, write_turn
from webapp.services.unit import write_results


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(tmp_path / "x.db")
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))
    yield made
    made.dispose()


ADDS = """
import sys
from pathlib import Path
from sqlalchemy import text
from tests.test_database import make_engine
from webapp.services.unit import write_results
engine = make_engine(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    with write_results(engine) as connection:
        n = connection.scalar(text("SELECT n FROM counter"))
        connection.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})
"""


def python(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def succeeds(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output


def counted(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(text("SELECT n FROM counter")) or 0


def test_processes_write_one_after_the_other(engine: Engine) -> None:
    started = [python(ADDS, engine.url.database, 50) for _ in range(3)]
    for process in started:
        succeeds(process)
    assert counted(engine) == 150


def test_threads_write_one_after_the_other(engine: Engine) -> None:
    def add() -> None:
        for _ in range(25):
            with write_results(engine) as connection:
                n = connection.scalar(text("SELECT n FROM counter"))
                connection.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(engine) == 200


def test_a_turn_waits_for_the_one_before(engine: Engine) -> None:
    order: list[str] = []

    def second() -> None:
        with write_turn(engine):
            order.append("second")

    thread = threading.Thread(target=second)
    with write_turn(engine):
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_two_engines_of_one_file_share_the_queue(engine: Engine) -> None:
    other = make_engine(Path(engine.url.database or ""))
    assert queue.queue_of(engine) is queue.queue_of(other)
    other.dispose()


def test_a_turn_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By another thread, and by another holder of the file: correctness is the database's, not the queue's."""
    monkeypatch.setattr(queue, "QUEUE_SECONDS", 0.05)
    one, two = WriteQueue(tmp_path / "q"), WriteQueue(tmp_path / "q")
    with one.turn(), two.turn():
        done = threading.Event()

        def third() -> None:
            with one.turn():
                done.set()

        thread = threading.Thread(target=third)
        thread.start()
        assert done.wait(10)
        thread.join()
    assert open_files(tmp_path / "q") == 0


def test_a_queue_file_that_cannot_be_opened_stops_nobody(tmp_path: Path) -> None:
    with WriteQueue(tmp_path / "no" / "such" / "folder").turn():
        pass


def test_a_turn_that_fails_is_over(tmp_path: Path) -> None:
    queue = WriteQueue(tmp_path / "q")
    with pytest.raises(ZeroDivisionError), queue.turn():
        _ = 1 / 0
    with queue.turn():
        pass
    assert open_files(tmp_path / "q") == 0


def open_files(path: Path) -> int:
    """How many descriptors of this process are of `path`."""
    return sum(link.resolve() == path for link in Path("/proc/self/fd").iterdir())


# --- forks ---

FORKS_WHILE_A_THREAD_HAS_THE_TURN = """
import os, signal, sys, threading, time
from pathlib import Path
from webapp.database import queue
mine = queue._queues.setdefault("x", queue.WriteQueue(Path(sys.argv[1])))
taken, over = threading.Event(), threading.Event()

def hold():
    with mine.turn():
        taken.set()
        over.wait()

threading.Thread(target=hold, daemon=True).start()
taken.wait()
read, written = os.pipe()
child = os.fork()
if child == 0:
    os.read(read, 1)  # the parent let go
    began = time.monotonic()
    with queue._queues.setdefault("x", queue.WriteQueue(Path(sys.argv[1]))).turn():
        os._exit(0 if time.monotonic() - began < 2 else 1)
over.set()
mine.line.enter(10)
os.write(written, b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

FORKS_AND_DIES = """
import os, sys, threading, time
from pathlib import Path
from webapp.database import queue
mine = queue._queues.setdefault("x", queue.WriteQueue(Path(sys.argv[1])))
taken = threading.Event()

def hold():
    with mine.turn():
        taken.set()
        threading.Event().wait()

threading.Thread(target=hold, daemon=True).start()
taken.wait()
if os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
print("held", flush=True)
os._exit(0)
"""


def test_a_fork_gets_its_turn_once_the_parent_lets_go(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS_WHILE_A_THREAD_HAS_THE_TURN, tmp_path / "q"], cwd=ROOT, timeout=30
    )
    assert process.returncode == 0


def test_a_fork_does_not_keep_the_turn_of_a_parent_that_died(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKS_AND_DIES, tmp_path / "q"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"held\n"
    parent.wait(10)
    began = threading.Event()

    def take() -> None:
        with WriteQueue(tmp_path / "q").turn():
            began.set()

    thread = threading.Thread(target=take)
    thread.start()
    assert began.wait(2)
    thread.join()
    parent.stdin.close()
    parent.stdout.close()
