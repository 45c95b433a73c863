"""Fixtures for every test. Peers live in tests/peers, one file each; what one folder needs, in its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import create_engine, make_url

from tests import memory
from tests.network_guard import only_loopback
from webapp import create_app, create_core, database
from webapp.extensions import db
from webapp.services import passwords

if TYPE_CHECKING:
    from tests.peers.postgres import PostgresServer

pytest_plugins = (
    "tests.peers.chromium",
    "tests.peers.dovecot",
    "tests.peers.nginx",
    "tests.peers.postgres",
    "tests.visiting",
)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests of servers and browsers wait for them a good part of their time."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def _stay_on_this_machine() -> Iterator[None]:
    with only_loopback():
        yield


# Programs that tests start may keep what they compiled: starting them is what takes the time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


memory.keep_files_there()


@pytest.fixture(scope="session", autouse=True)
def earnest_hasher() -> Iterator[PasswordHasher]:
    """The hasher of passwords as people have it; tests have one that takes no time."""
    earnest = passwords._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield earnest


# --- the application ---

FreshApp = Callable[..., AbstractContextManager[Flask]]


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """A database that holds the schema: copying it takes less time than making all tables."""
    name = "arauto_schema"
    postgres_server.execute(f"CREATE DATABASE {name}")
    _make_tables(postgres_server.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file. Nobody opens it: it is copied."""
    file = tmp_path_factory.mktemp("schema") / "arauto.db"
    _make_tables(f"sqlite:///{file}")
    return file


def _make_tables(url: str) -> None:
    engine = create_engine(url, **database.engine_options(url))
    database.tune(engine)
    db.metadata.create_all(engine)
    engine.dispose()


class CompiledTemplates(BytecodeCache):
    """What an application compiled of a template serves the next one as well, for compiling takes long."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session")
def fresh_app(sqlite_template: Path) -> FreshApp:
    """`with fresh_app(folder, ARAUTO_…=…):` an application in its own data folder, on its own database, jobs off."""
    compiled = CompiledTemplates()

    @contextmanager
    def make(folder: Path, create: Callable[..., Flask] = create_app, **environ: str) -> Iterator[Flask]:
        app = create({"ARAUTO_DATA_DIR": str(folder), "ARAUTO_JOBS": "off", **environ}, TESTING=True)
        app.jinja_env.bytecode_cache = compiled
        url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
        if url.get_backend_name() == "sqlite":
            assert url.database
            assert not Path(url.database).exists(), "this test has two applications in one folder"
            shutil.copyfile(sqlite_template, url.database)
        yield app
        with app.app_context():
            db.engine.dispose()

    return make


@pytest.fixture
def app(fresh_app: FreshApp, tmp_path: Path) -> Iterator[Flask]:
    """A fresh application on its own SQLite database, jobs off."""
    with fresh_app(tmp_path / "var") as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> str:
    """The address of an own database of each kind that is supported; empty for SQLite in the data folder."""
    return request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""


@pytest.fixture
def any_app(any_database: str, fresh_app: FreshApp, tmp_path: Path) -> Iterator[Flask]:
    """`app` on each database."""
    with fresh_app(tmp_path / "var", ARAUTO_DATABASE_URL=any_database) as made:
        yield made


@pytest.fixture
def ctx(fresh_app: FreshApp, tmp_path: Path) -> Iterator[Flask]:
    """An application without pages, as commands and workers have it, its context pushed: to call services."""
    with fresh_app(tmp_path / "var", create_core) as made, made.app_context():
        yield made


@pytest.fixture
def any_ctx(any_database: str, fresh_app: FreshApp, tmp_path: Path) -> Iterator[Flask]:
    """`ctx` on each database."""
    with fresh_app(tmp_path / "var", create_core, ARAUTO_DATABASE_URL=any_database) as made, made.app_context():
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody signed in with."""
    return app.test_client()
