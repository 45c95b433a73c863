"""What the tests of the services share."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine

from tests.peers.postgres import PostgresServer
from webapp.extensions import db


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """A database that holds the schema: copying it takes less time than making all tables."""
    name = "arauto_services"
    postgres_server.execute(f"CREATE DATABASE {name}")
    engine = create_engine(postgres_server.url(name))
    db.metadata.create_all(engine)
    engine.dispose()
    return name
