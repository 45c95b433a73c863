"""Who may call, and what becomes of those who may not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from tests.api.conftest import EVENT, MESSAGE, Build, Program, paths
from webapp import clock
from webapp.errors import InvalidInput, NotFound
from webapp.extensions import db
from webapp.models import ApiToken
from webapp.services import tokens

WRONG = (
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    "Basic YTpi",
    "Bearer arauto_" + "x" * 43,
    "Bearer \xff\x00".strip("\x00"),
)
ADDRESSES = (
    ("POST", "/events", EVENT, "events:write"),
    ("POST", "/events/batch", {"events": []}, "events:write"),
    ("GET", "/events/1", None, "read"),
    ("POST", "/messages", MESSAGE, "messages:write"),
    ("GET", "/messages", None, "read"),
    ("GET", "/messages/1", None, "read"),
    ("POST", "/messages/1/cancel", None, "messages:write"),
    ("POST", "/messages/1/resend", None, "messages:write"),
)


@pytest.mark.parametrize("authorization", WRONG)
def test_a_request_without_a_valid_token_is_refused(app: Flask, authorization: str) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = app.test_client().post("/api/v1/events", json=EVENT, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="arauto"')
    assert paths(answer) == []


@pytest.mark.parametrize(("method", "path", "body", "scope"), ADDRESSES)
def test_each_address_asks_for_its_scope(program: Build, method: str, path: str, body: object, scope: str) -> None:
    others = [each for each in tokens.USUAL_SCOPES if each != scope]
    without, owner, admin = program(*others, name="a"), program(scope, name="b"), program("admin", name="c")

    def call(caller: Program) -> int:
        return (caller.get(path) if method == "GET" else caller.post(path, body)).status_code

    assert call(without) == 403
    assert call(owner) in {200, 202, 404}
    assert call(admin) in {200, 202, 404}


def test_a_missing_scope_is_named(program: Build) -> None:
    answer = program("read").post("/events", EVENT)
    assert answer.status_code == 403
    assert 'scope="events:write"' in answer.headers["WWW-Authenticate"]
    assert "events:write" in answer.json["detail"]


def test_a_token_without_named_scopes_may_all_but_administer(ctx: Flask) -> None:
    caller = tokens.verify(tokens.create("monitor"))
    assert caller is not None
    assert caller.scopes == {"events:write", "messages:write", "requests:write", "read"}
    assert not caller.may("admin")


def test_the_token_is_kept_as_a_hash_only(ctx: Flask) -> None:
    token = tokens.create("monitor")
    assert token.startswith("arauto_")
    assert len(token) == len("arauto_") + 43
    row = db.session.query(ApiToken).one()
    assert token not in str(vars(row))
    assert len(row.token_hash) == 64


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "x" * 201, "nul\0"])
def test_a_name_that_is_not_one_line_is_refused(ctx: Flask, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        tokens.create(name)
    assert [problem.path for problem in refused.value.problems] == ["name"]


def test_a_name_is_given_once(ctx: Flask) -> None:
    tokens.create("monitor")
    with pytest.raises(InvalidInput) as refused:
        tokens.create(" monitor ")
    assert refused.value.problems[0].path == "name"


def test_an_unknown_scope_is_refused(ctx: Flask) -> None:
    with pytest.raises(InvalidInput) as refused:
        tokens.create("monitor", ["read", "everything"])
    assert [problem.path for problem in refused.value.problems] == ["scopes[1]"]


def test_a_revoked_token_is_refused_at_once(api: Program) -> None:
    assert api.get("/messages").status_code == 200
    with api.app.app_context():
        tokens.change(1, {"enabled": False})
    assert api.get("/messages").status_code == 401


def test_only_a_token_that_exists_can_be_changed(ctx: Flask) -> None:
    with pytest.raises(NotFound):
        tokens.change(7, {"enabled": False})


def test_use_is_noted_once_a_minute(any_ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    token, start = tokens.create("monitor"), clock.now()

    def used_at(seconds: float) -> object:
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(seconds=seconds))
        tokens.verify(token)
        db.session.rollback()
        return (db.session.query(ApiToken).one().last_used_at - start).total_seconds()

    assert used_at(0) == 0
    assert used_at(59) == 0
    assert used_at(61) == 61
    assert used_at(-3600) == -3600, "a clock that was set back does not end the noting"
    assert db.session.query(ApiToken).one().version == 1


def test_the_scheme_is_written_as_one_likes(api: Program) -> None:
    headers = {"Authorization": f"bearer  {api.token} "}
    assert api.app.test_client().get("/api/v1/messages", headers=headers).status_code == 200
