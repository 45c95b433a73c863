"""Waking: who waits is woken by a commit of any thread or process, and by nothing that is dead."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from tests.peers import wait_until
from webapp import clock
from webapp.extensions import db
from webapp.services import wake
from webapp.services.unit import after_commit, write
from webapp.services.wake import Listener

LONG, PROMPT = 20.0, 10.0


@pytest.fixture
def listener(any_ctx: Flask) -> Iterator[Listener]:
    made = wake.listener(db.engine, any_ctx.config["ARAUTO_DATA_DIR"])
    made.wait(0)
    yield made
    made.close()


def woken(listener: Listener) -> bool:
    """Whether it was woken before or is soon."""
    before = clock.monotonic()
    listener.wait(LONG)
    return clock.monotonic() - before < PROMPT


def sleeps(listener: Listener) -> bool:
    before = clock.monotonic()
    listener.wait(0.1)
    return clock.monotonic() - before >= 0.09


def commit() -> None:
    with write():
        after_commit(wake.wake_all)


def test_a_commit_wakes(listener: Listener) -> None:
    commit()
    assert woken(listener)


def test_without_one_it_waits_its_time(listener: Listener) -> None:
    assert sleeps(listener)


def test_many_wake_ups_are_one(listener: Listener) -> None:
    for _ in range(500):
        wake.wake_all()
        listener.wake()
    wait_until(lambda: sleeps(listener), "all of them to be heard")
    commit()
    assert woken(listener)


def test_every_listener_is_woken(any_ctx: Flask, listener: Listener) -> None:
    second = wake.listener(db.engine, any_ctx.config["ARAUTO_DATA_DIR"])
    try:
        second.wait(0)
        commit()
        assert woken(listener)
        assert woken(second)
    finally:
        second.close()


@pytest.mark.parametrize("ring", [lambda listener: listener.wake(), lambda listener: wake.wake_all()])
def test_one_that_waits_already_is_woken(any_ctx: Flask, listener: Listener, ring: Callable[[Listener], None]) -> None:
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(woken(listener)))
    thread.start()
    ring(listener)
    thread.join(LONG)
    assert results == [True]


def test_another_process_wakes(any_ctx: Flask, listener: Listener) -> None:
    program = (
        "from webapp import create_app\n"
        "from webapp.services import wake\n"
        "with create_app().app_context():\n"
        "    wake.wake_all()\n"
    )
    environ = {
        "ARAUTO_DATA_DIR": str(any_ctx.config["ARAUTO_DATA_DIR"]),
        "ARAUTO_DATABASE_URL": any_ctx.config["SQLALCHEMY_DATABASE_URI"],
        "PATH": "",
    }
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root, env=environ, timeout=60)
    assert woken(listener)


def test_waking_one_that_is_closed_harms_nobody(any_ctx: Flask) -> None:
    made = wake.listener(db.engine, any_ctx.config["ARAUTO_DATA_DIR"])
    made.close()
    made.wake()


# --- SQLite: sockets in the data folder ---


def sockets(app: Flask) -> list[str]:
    return [found.name for found in (app.config["ARAUTO_DATA_DIR"] / wake.FOLDER).iterdir()]


def test_closing_leaves_nothing_behind(ctx: Flask) -> None:
    made = wake.FolderListener(ctx.config["ARAUTO_DATA_DIR"])
    assert len(sockets(ctx)) == 1
    made.close()
    assert sockets(ctx) == []


def test_what_dead_processes_left_is_removed(ctx: Flask) -> None:
    alive = wake.FolderListener(ctx.config["ARAUTO_DATA_DIR"])
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with wake._short_name(ctx.config["ARAUTO_DATA_DIR"] / wake.FOLDER) as at:
        dead.bind(f"{at}/dead")
    dead.close()
    wake.wake_all()
    assert "dead" not in sockets(ctx)
    assert woken(alive)
    alive.close()


def test_nobody_listens_yet(ctx: Flask) -> None:
    wake.wake_all()


def test_a_data_folder_with_a_long_path(tmp_path: Path) -> None:
    """A socket's address has room for 107 bytes."""
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    folder.mkdir(parents=True)
    made = wake.FolderListener(folder)
    wake.wake_folder(folder)
    assert woken(made)
    made.close()


def test_a_listener_that_does_not_listen_holds_up_nobody(ctx: Flask) -> None:
    made = wake.FolderListener(ctx.config["ARAUTO_DATA_DIR"])
    for _ in range(2000):
        wake.wake_all()
    assert woken(made)
    made.close()


# --- PostgreSQL: a connection that may be lost ---


@pytest.mark.parametrize("any_database", ["postgresql"], indirect=True)
def test_a_lost_connection_is_made_again(listener: Listener) -> None:
    with db.engine.connect() as connection, connection.begin():
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        assert list(connection.scalars(text(others))) == [True]
    assert woken(listener)
    listener.wait(0)
    commit()
    assert woken(listener)


@pytest.mark.parametrize("any_database", ["postgresql"], indirect=True)
def test_without_a_server_the_bell_still_rings(any_ctx: Flask) -> None:
    made = wake.PostgresListener(create_engine(db.engine.url.set(port=1)))
    try:
        made.wake()
        assert woken(made)
        assert sleeps(made)
    finally:
        made.close()
