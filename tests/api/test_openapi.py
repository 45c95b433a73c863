"""The description of the API is complete, and true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import EVENT, MESSAGE, Program
from tests.factories import make_account, make_contact, make_notification
from webapp.services.tokens import USUAL_SCOPES


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get("/api/openapi.json")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    return answer.json


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_it_lists_every_address(app: Flask, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    served = {
        (rule.rule.replace("<int(max=9223372036854775807):id>", "{id}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(document)} == served


def test_every_operation_says_its_scope_its_errors_and_its_key(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, method, operation in operations(document):
        [needs] = operation["security"]
        assert set(needs["token"]) <= set(USUAL_SCOPES), path
        assert {"401", "403", "422", "503"} <= set(operation["responses"]), path
        assert "application/problem+json" in operation["responses"]["422"]["content"]
        names = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert ("Idempotency-Key" in names) == (method == "post"), path
        assert operation.get("summary") or operation.get("description"), path


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


def test_answers_have_the_fields_that_the_description_promises(
    api: Program, data: None, document: dict[str, Any]
) -> None:
    make_account()
    make_notification(contacts=[make_contact()])
    event = api.post("/events", EVENT).json
    message = api.post("/messages", MESSAGE).json
    answers = {
        "EventAnswer": event,
        "EventsAnswer": api.post("/events/batch", {"events": [EVENT]}).json,
        "EventDetail": api.get(f"/events/{event['id']}").json,
        "SubmissionAnswer": message,
        "MessagesAnswer": api.get("/messages").json,
        "MessageDetail": api.get(f"/messages/{message['id']}").json,
        "MessageAnswer": api.post(f"/messages/{message['id']}/cancel").json,
        "ResendAnswer": api.post(f"/messages/{message['id']}/resend").json,
        "ProblemAnswer": api.get("/messages/999").json,
    }
    for name, answer in answers.items():
        assert set(answer) == set(document["components"]["schemas"][name]["properties"]), name
