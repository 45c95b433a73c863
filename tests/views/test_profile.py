"""The person's own password."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.visiting import Visit, post, seen
from webapp.errors import InvalidInput, NotFound
from webapp.services import people, sessions

OLD, NEW = "correct horse battery staple", "another long password"


@pytest.fixture
def ana(app: Flask) -> Flask:
    """Ana, who knows her password."""
    with app.app_context():
        people.create("ana", OLD, "viewer")
    return app


def browser(app: Flask, password: str = OLD) -> FlaskClient:
    client = app.test_client()
    assert post(client, "/login", {"username": "ana", "password": password}).status_code == 303
    return client


def change(client: FlaskClient, current: str = OLD, new: str = NEW, repeated: str = NEW) -> Any:
    return post(client, "/profile/password", {"current": current, "new": new, "repeated": repeated})


def test_a_new_password_ends_every_other_session_and_renews_this_one(ana: Flask, visit: Visit) -> None:
    here, there = browser(ana), browser(ana)
    with here.session_transaction() as session:
        before = session["_user_id"]
    assert change(here).status_code == 303
    assert "signed out everywhere else" in here.get("/profile").text
    assert there.get("/profile").status_code == 303
    with ana.app_context():
        assert sessions.find(before) is None
    browser(ana, NEW)


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"current": "wrong"}, "current", "This is not your present password."),
        ({"current": ""}, "current", "Enter the password"),
        ({"new": "short", "repeated": "short"}, "new", "Use at least 8 characters"),
        ({"repeated": "something else"}, "repeated", "not the same"),
    ],
)
def test_a_refusal_names_the_field_and_keeps_the_old_one(
    ana: Flask, typed: dict[str, str], field: str, words: str
) -> None:
    client = browser(ana)
    answer = change(client, **typed)
    page = seen(answer, "/profile/password")
    assert answer.status_code == 422
    assert words in "".join(page.find("p", id=f"{field}-error").itertext())
    assert OLD not in answer.text
    browser(ana)


def test_guessing_the_present_password_is_slowed_down(ana: Flask) -> None:
    client = browser(ana)
    for _ in range(5):
        change(client, current="wrong")
    assert "Wait 15 minutes" in change(client).text


@pytest.mark.parametrize(
    ("name", "password", "role", "path"),
    [
        ("", NEW, "viewer", "name"),
        ("a\nb", NEW, "viewer", "name"),
        ("x" * 121, NEW, "viewer", "name"),
        ("ana", NEW, "viewer", "name"),
        ("bob", "short", "viewer", "password"),
        ("bobby-bob", "Bobby-Bob", "viewer", "password"),
        ("bob", "x" * 1001, "viewer", "password"),
        ("bob", NEW, "root", "role"),
    ],
)
def test_a_user_who_cannot_be_made(ana: Flask, name: str, password: str, role: str, path: str) -> None:
    with ana.app_context(), pytest.raises(InvalidInput) as refused:
        people.create(name, password, role)
    assert [problem.path for problem in refused.value.problems] == [path]


def test_nobody_s_password_cannot_be_changed(ana: Flask) -> None:
    with ana.app_context(), pytest.raises(NotFound):
        people.set_password(7, NEW)
    with ana.app_context(), pytest.raises(NotFound):
        people.change(7, {"enabled": True})
