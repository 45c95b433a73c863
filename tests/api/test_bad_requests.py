"""Bad input is refused with a 4xx problem that names the field, and nothing is changed; never a 500."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import EVENT, MESSAGE, Program, paths
from tests.factories import make_account, make_contact, make_notification
from webapp.errors import DatabaseBusy
from webapp.extensions import db
from webapp.models import Event, Message
from webapp.services import configuration, events

NOT_JSON = (
    b"",
    b"{",
    b"nonsense",
    b'{"type": "password.changed", "title": "x", }',
    b'{"type": "password.changed", "title": "\xff"}',
    b'{"type": "password.changed", "title": "\\ud800"}',
    b"\xff\xfe{\x00}\x00",
    b'{"a":' * 100_000,
    b"[" * 100_000,
    b'{"type": "password.changed", "title": "x", "attributes": {"n": ' + b"9" * 10_000 + b"}}",
)
WRONG_EVENTS: tuple[tuple[Any, list[str]], ...] = (
    ([], [""]),
    (None, [""]),
    ("text", [""]),
    (7, [""]),
    ({}, ["type", "title"]),
    ({**EVENT, "type": "no.such"}, ["type"]),
    ({**EVENT, "type": 7}, ["type"]),
    ({**EVENT, "title": ""}, ["title"]),
    ({**EVENT, "title": "two\nlines"}, ["title"]),
    ({**EVENT, "title": "nul \0"}, ["title"]),
    ({**EVENT, "title": "x" * 501}, ["title"]),
    ({**EVENT, "title": ["x"]}, ["title"]),
    ({**EVENT, "body": None}, ["body"]),
    ({**EVENT, "severity": "fatal"}, ["severity"]),
    ({**EVENT, "severity": 1}, ["severity"]),
    ({**EVENT, "colour": "red"}, ["colour"]),
    ({**EVENT, "attributes": []}, ["attributes"]),
    ({**EVENT, "attributes": {"a": None}}, ["attributes.a"]),
    ({**EVENT, "attributes": {"a": {"b": 1}}}, ["attributes.a"]),
    ({**EVENT, "attributes": {"a": "nul \0"}}, ["attributes.a"]),
    ({**EVENT, "attributes": {"a": float("nan")}}, ["attributes.a"]),
    ({**EVENT, "attributes": {"a": float("-inf")}}, ["attributes.a"]),
    ({**EVENT, "attributes": {f"a{n}": 1 for n in range(101)}}, ["attributes"]),
    ({**EVENT, "occurred_at": "yesterday"}, ["occurred_at"]),
    ({**EVENT, "occurred_at": "2026-03-01T09:30:00"}, ["occurred_at"]),
    ({**EVENT, "occurred_at": 1700000000}, ["occurred_at"]),
    ({**EVENT, "occurred_at": "9999-12-31T23:59:59-12:00"}, ["occurred_at"]),
    ({**EVENT, "source": "x" * 201}, ["source"]),
    ({**EVENT, "dedup_key": "nul \0"}, ["dedup_key"]),
)
DEEP: Any = 1
for _ in range(150):
    DEEP = [DEEP]


@pytest.mark.parametrize("data", NOT_JSON, ids=lambda data: data[:20])
def test_what_is_not_json_is_a_400(api: Program, data: bytes) -> None:
    answer = api.post("/events", data=data)
    assert answer.status_code == 400
    assert paths(answer) == []


@pytest.mark.parametrize(("body", "named"), WRONG_EVENTS, ids=lambda value: str(value)[:60])
def test_a_wrong_event_is_a_422_that_names_the_field(api: Program, body: Any, named: list[str]) -> None:
    answer = api.post("/events", body, data=b"null" if body is None else None)
    assert answer.status_code == 422
    assert paths(answer) == named
    with api.app.app_context():
        assert db.session.query(Event).count() == 0


@pytest.mark.parametrize(
    ("accepted", "language", "words"),
    [
        ("", "en", ["There is no such field here.", "This is needed.", "Use one of info, warning, error, critical."]),
        ("*", "en", ["There is no such field here.", "This is needed.", "Use one of info, warning, error, critical."]),
        ("pt", "pt-BR", ["Esse campo n", "Este campo ", "Use um destes: info, warning, error, critical."]),
        (
            "fr, es;q=0.5",
            "es",
            ["Ese campo no ", "Este campo es ", "Use uno de estos: info, warning, error, critical."],
        ),
    ],
)
def test_a_refusal_is_worded_in_the_language_that_is_accepted(
    api: Program, accepted: str, language: str, words: list[str]
) -> None:
    body = {"type": "password.changed", "severity": "fatal", "colour": "red"}
    answer = api.post("/events", body, headers={"Accept-Language": accepted})
    assert answer.headers["Content-Language"] == language
    assert answer.json is not None
    told = [error["words"] for error in sorted(answer.json["errors"], key=lambda error: error["path"])]
    wanted = [words[0], words[2], words[1]]
    assert [found.startswith(part) for found, part in zip(told, wanted, strict=True)] == [True] * 3, told


def test_a_program_gets_english_whatever_the_language_of_the_pages(api: Program, data: None) -> None:
    configuration.save("parameters", {"language": "es"}, "parameters")
    answer = api.post("/events", {})
    assert answer.headers["Content-Language"] == "en"
    assert "This is needed." in answer.text


def test_deep_nesting_is_refused_where_it_stands(api: Program) -> None:
    assert paths(api.post("/events", {**EVENT, "attributes": {"a": DEEP}})) == ["attributes.a"]


def test_a_number_that_no_float_holds_is_refused(api: Program) -> None:
    data = b'{"type": "password.changed", "title": "x", "attributes": {"a": 1e999}}'
    assert paths(api.post("/events", data=data)) == ["attributes.a"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"])
def test_a_body_that_is_not_declared_as_json_is_a_415(api: Program, content_type: str) -> None:
    answer = api.post("/events", EVENT, content_type=content_type)
    assert answer.status_code == 415
    assert paths(answer) == []


def test_a_body_above_1_mib_is_a_413(api: Program) -> None:
    answer = api.post("/events", {**EVENT, "body": "x" * (1024 * 1024)})
    assert answer.status_code == 413
    assert "1 MiB" in answer.json["detail"]
    assert paths(answer) == []


def test_a_batch_above_16_mib_is_a_413(api: Program) -> None:
    answer = api.post("/events/batch", data=b" " * (16 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert "16 MiB" in answer.json["detail"]


def test_a_body_of_unknown_length_is_cut_off_as_well(api: Program) -> None:
    answer = api.app.test_client().post(
        "/api/v1/events",
        input_stream=io.BytesIO(b" " * (2 * 1024 * 1024)),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api.token}", "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("key", ["", "x" * 201, "with space", "tab\t", "ü"])
def test_an_unusable_idempotency_key_is_a_400(api: Program, key: str) -> None:
    answer = api.post("/events", EVENT, key=key)
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nope", 404),
        ("GET", "/api/v1/nope", 404),
        ("POST", "/api/v1/messages/1/nope", 404),
        ("DELETE", "/api/v1/messages/1", 405),
        ("GET", "/api/v1/events", 405),
        ("PUT", "/api/v1/messages", 405),
    ],
)
def test_an_address_or_method_that_does_not_exist(app: Flask, method: str, path: str, status: int) -> None:
    answer = app.test_client().open(path, method=method)
    assert answer.status_code == status
    assert paths(answer) == []
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_body_where_none_is_taken(api: Program, data: None) -> None:
    make_account()
    number = api.post("/messages", MESSAGE).json["id"]
    assert paths(api.post(f"/messages/{number}/cancel", {"now": True})) == ["now"]
    assert api.post(f"/messages/{number}/cancel", {}).status_code == 200


def test_a_busy_database_asks_for_a_retry(api: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise DatabaseBusy("database is locked")

    monkeypatch.setattr(events, "record", busy)
    answer = api.post("/events", EVENT)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert paths(answer) == []


def test_a_bug_is_a_500_without_details(
    api: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(events, "record", broken)
    answer = api.post("/events", EVENT)
    assert answer.status_code == 500
    assert paths(answer) == []
    assert b"secret" not in answer.data
    assert "a secret detail" in caplog.text


TEXTS = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(
    ["\0", "\ud800", "a\r\nb", "=?utf-8?q?=0d=0a?="]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        *("type", "title", "body", "severity", "attributes", "source", "occurred_at", "dedup_key"),
        *("channel", "to", "subject", "text", "html", "account", "reply_to", "return_path", "confirmation_to"),
        *("send_at", "expires_at", "priority", "events"),
    ]
)
CHANGES = st.dictionaries(NAMES | TEXTS, VALUES, max_size=5)
ANY_JSON = st.one_of(
    VALUES.map(json.dumps),
    CHANGES.map(lambda change: json.dumps({**EVENT, **change})),
    CHANGES.map(lambda change: json.dumps({**MESSAGE, **change})),
    CHANGES.map(lambda change: json.dumps({"events": [EVENT, {**EVENT, **change}]})),
    st.text(max_size=40),
)
POSTS = ("/events", "/events/batch", "/messages", "/messages/1/cancel", "/messages/1/resend")


@pytest.fixture
def hostile(any_api: Program, data: None) -> Program:
    """A program that sends anything, to an Arauto that tells somebody of everything."""
    make_account()
    make_notification(contacts=[make_contact()])
    return any_api


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(path=st.sampled_from(POSTS), text=ANY_JSON, garbage=st.binary(max_size=3))
def test_no_body_makes_a_500(hostile: Program, path: str, text: str, garbage: bytes) -> None:
    answer = hostile.post(path, data=text.encode("utf-8", "surrogatepass") + garbage)
    assert answer.status_code in {200, 202, 400, 404, 409, 422}, answer.data
    if answer.status_code >= 400:
        paths(answer)


QUERIES = st.dictionaries(
    st.sampled_from(
        [
            *("state", "channel", "recipient", "account", "event_type", "event_id", "text", "since", "until"),
            "limit",
            "after",
        ]
    )
    | st.text(max_size=5),
    st.text(max_size=20)
    | st.sampled_from(["\0", "*", "%", "MQ", "MSwx", "-1", "10", "queued", '"', "a* b", "1e9", "' OR 1"]),
    max_size=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES)
def test_no_query_makes_a_500(hostile: Program, query: dict[str, str]) -> None:
    answer = hostile.get("/messages", **query)
    assert answer.status_code in {200, 422}, answer.data


def test_nothing_is_queued_by_a_refused_message(api: Program) -> None:
    assert api.post("/messages", {**MESSAGE, "to": "not an address"}).status_code == 422
    with api.app.app_context():
        assert db.session.query(Message).count() == 0
