"""/healthz and /readyz."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from webapp import clock
from webapp.models import JobRun
from webapp.services import schema
from webapp.services.unit import write


@pytest.fixture
def migrated(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application whose schema counts as current."""
    monkeypatch.setattr(schema, "problem", lambda connection: "")
    return app


def test_alive_asks_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.views.probes.db", None)
    assert client.get("/healthz").json == {"status": "alive"}


def test_ready(migrated: Flask, client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_not_ready_before_the_migration(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "arauto migrate" in answer.json["problems"][0]


def test_not_ready_without_the_database(migrated: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(connection: Any) -> str:
        raise OperationalError("SELECT", {}, Exception("secret://password@host"))

    monkeypatch.setattr(schema, "problem", gone)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["problems"]) == (503, ["The database does not answer."])


@pytest.mark.parametrize(
    ("jobs", "up_for", "last_run", "code"),
    [
        (True, 5, None, 200),
        (True, 300, None, 503),
        (True, 300, 120, 503),
        (True, 300, 3, 200),
        (True, 5, 120, 200),
        (False, 300, 120, 200),
    ],
)
def test_the_jobs_must_be_fresh(
    migrated: Flask, client: FlaskClient, jobs: bool, up_for: int, last_run: int | None, code: int
) -> None:
    migrated.config.update(ARAUTO_JOBS=jobs, ARAUTO_UP_SINCE=clock.now() - timedelta(seconds=up_for))
    if last_run is not None:
        with migrated.app_context(), write() as session:
            session.add(JobRun(name="free_claims", started_at=clock.now() - timedelta(seconds=last_run)))
    assert client.get("/readyz").status_code == code
