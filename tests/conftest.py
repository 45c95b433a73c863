"""Fixtures for every test. Peers live in tests/peers, one file each; what one folder needs, in its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine

from tests.network_guard import only_loopback
from webapp import create_app
from webapp.extensions import db

if TYPE_CHECKING:
    from tests.peers.postgres import PostgresServer

pytest_plugins = ("tests.peers.chromium", "tests.peers.nginx", "tests.peers.postgres", "tests.visiting")


@pytest.fixture(scope="session", autouse=True)
def _stay_on_this_machine() -> Iterator[None]:
    with only_loopback():
        yield


# Programs that tests start may keep what they compiled: starting them is what takes the time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# --- the application ---


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """A database that holds the schema: copying it takes less time than making all tables."""
    name = "arauto_schema"
    postgres_server.execute(f"CREATE DATABASE {name}")
    engine = create_engine(postgres_server.url(name))
    db.metadata.create_all(engine)
    engine.dispose()
    return name


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """A fresh application on its own SQLite database, jobs off."""
    yield from _application(tmp_path, {})


@pytest.fixture(params=["sqlite", "postgresql"])
def any_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The same on each database that is supported."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    yield from _application(tmp_path, {"ARAUTO_DATABASE_URL": url})


def _application(folder: Path, environ: dict[str, str]) -> Iterator[Flask]:
    app = create_app({"ARAUTO_DATA_DIR": str(folder / "var"), "ARAUTO_JOBS": "off", **environ}, TESTING=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            db.create_all()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def ctx(app: Flask) -> Iterator[Flask]:
    """The application with its context pushed, for tests that call services."""
    with app.app_context():
        yield app


@pytest.fixture
def any_ctx(any_app: Flask) -> Iterator[Flask]:
    """`ctx` on each database."""
    with any_app.app_context():
        yield any_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody signed in with."""
    return app.test_client()
