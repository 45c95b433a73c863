"""What calls the API: a program with a token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from webapp.services import tokens

EVENT = {"type": "password.changed", "title": "The password of db1 changed"}
MESSAGE = {"channel": "email", "to": "ana@corp.example", "subject": "Hello", "text": "Good morning"}


class Program:
    """A program that has one token."""

    def __init__(self, app: Flask, *scopes: str, name: str = "monitor"):
        self.app = app
        with app.app_context():
            self.token = tokens.create(name, scopes)

    def get(self, path: str, /, **query: Any) -> TestResponse:
        return self._send("GET", path, query_string=query)

    def post(
        self, path: str, body: Any = None, *, data: bytes | None = None, key: str | None = None, **options: Any
    ) -> TestResponse:
        headers: dict[str, str] = options.pop("headers", {})
        if key is not None:
            headers = {**headers, "Idempotency-Key": key}
        raw = data if data is not None else b"" if body is None else json.dumps(body).encode()
        options = {"content_type": "application/json", **options}
        return self._send("POST", path, data=raw, headers=headers, **options)

    def _send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> TestResponse:
        signed = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.app.test_client().open(f"/api/v1{path}", method=method, headers=signed, **options)


@pytest.fixture
def api(app: Flask) -> Program:
    """A program with the usual scopes, on SQLite."""
    return Program(app)


@pytest.fixture
def any_api(any_app: Flask) -> Program:
    """The same on each database."""
    return Program(any_app)


@pytest.fixture
def data(request: pytest.FixtureRequest) -> Iterator[None]:
    """The application's context of whichever program the test uses, for rows that it makes itself."""
    name = "any_app" if {"any_api", "any_app"} & set(request.fixturenames) else "app"
    with request.getfixturevalue(name).app_context():
        yield


def paths(answer: TestResponse) -> list[str]:
    """The fields that a refusal names."""
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert set(answer.json) == {"type", "title", "status", "detail", "errors"}
    assert answer.json["status"] == answer.status_code
    return [error["path"] for error in answer.json["errors"]]


Build = Callable[..., Program]


@pytest.fixture
def program(app: Flask) -> Build:
    """Makes programs with other scopes."""
    return lambda *scopes, name="other": Program(app, *scopes, name=name)
