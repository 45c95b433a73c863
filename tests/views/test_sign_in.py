"""Signing in: a fresh session, equal words for every refusal, and guessing slowed down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.visiting import Visit, post, seen, signed_in
from webapp import clock
from webapp.extensions import db
from webapp.models import SignInFailure, WebSession
from webapp.services import first_password, passwords, people, sessions, sign_in

PASSWORD = "correct horse battery staple"


@pytest.fixture
def ana(app: Flask) -> Flask:
    """Ana, an operator who knows her password."""
    with app.app_context():
        people.create("ana", PASSWORD, "operator")
    return app


def sign_in_as(
    client: FlaskClient, name: str = "ana", password: str = PASSWORD, after: str = "/", **options: Any
) -> Any:
    return post(client, "/login", {"username": name, "password": password, "next": after}, **options)


def key_of(client: FlaskClient) -> str | None:
    with client.session_transaction() as session:
        return session.get("_user_id")


def count(app: Flask, model: Any) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.usefixtures("ana")
def test_the_right_password_leads_to_the_page_that_was_asked_for(client: FlaskClient, visit: Visit) -> None:
    visit("/login?next=/health", client)
    assert sign_in_as(client, after="/health").headers["Location"] == "/health"
    assert "ana" in client.get("/health").text
    assert client.get("/login").headers["Location"] == "/"


@pytest.mark.usefixtures("ana")
@pytest.mark.parametrize("after", ["//evil.example", "/\\evil.example", "https:evil.example"])
def test_and_never_elsewhere(client: FlaskClient, after: str) -> None:
    assert sign_in_as(client, after=after).headers["Location"] == "/"


def test_a_session_planted_before_is_worth_nothing(ana: Flask, client: FlaskClient) -> None:
    with client.session_transaction() as session:
        session.update(_user_id="planted", csrf_token="planted", anything="else")
    sign_in_as(client)
    with client.session_transaction() as session:
        assert session["_user_id"] != "planted"
        assert session.get("csrf_token") != "planted"
        assert "anything" not in session


def test_the_database_keeps_only_a_hash(ana: Flask, client: FlaskClient) -> None:
    sign_in_as(client)
    with ana.app_context():
        stored = db.session.scalars(select(WebSession.key_hash)).one()
    assert len(stored) == 64
    assert stored != key_of(client)


@pytest.mark.usefixtures("ana")
@pytest.mark.parametrize(
    ("name", "password"), [("ana", "wrong"), ("nobody", "wrong"), ("ANA", PASSWORD), ("a\0na", "wrong")]
)
def test_every_refusal_has_the_same_words(client: FlaskClient, name: str, password: str) -> None:
    answer = sign_in_as(client, name, password)
    page = seen(answer, "/login")
    assert answer.status_code == 422
    assert "The user name or the password is wrong. Check both and try again." in page.text
    assert page.find("input", name="username").get("value") == name.replace("\0", "")
    assert not page.find("input", name="password").get("value")


def test_nobody_s_password_takes_as_long(ana: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    verify = passwords.PasswordHasher.verify
    monkeypatch.setattr(
        passwords.PasswordHasher,
        "verify",
        lambda self, stored, given: looked_at.append(stored) or verify(self, stored, given),
    )
    with ana.app_context():
        for name in ("ana", "nobody"):
            with pytest.raises(sign_in.SignInRefused):
                sign_in.check(name, "wrong", "10.0.0.1")
    assert len(looked_at) == 2
    assert looked_at[0].split("$")[3] == looked_at[1].split("$")[3]


@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.usefixtures("ana")
def test_an_empty_field_is_named(client: FlaskClient, field: str) -> None:
    values = {"username": "ana", "password": PASSWORD, field: ""}
    page = seen(post(client, "/login", values), "/login")
    error = page.find("p", id=f"{field}-error")
    assert "Enter your" in "".join(error.itertext())
    assert page.find("input", name=field).get("aria-describedby") == f"{field}-error"


def test_the_sixth_try_waits_whoever_it_is(ana: Flask, client: FlaskClient) -> None:
    for name in ("ana", "nobody"):
        for _ in range(sign_in.FAILURES_PER_NAME):
            assert sign_in_as(client, name, "wrong").status_code == 422
        answer = sign_in_as(client, name, PASSWORD)
        assert answer.status_code == 429
        assert "Wait 15 minutes" in seen(answer, "/login").text
        assert int(answer.headers["Retry-After"]) == 900
    assert sign_in_as(client, "ana", PASSWORD, environ_base={"REMOTE_ADDR": "10.9.9.9"}).status_code == 303


def test_the_wait_ends_and_does_not_grow_by_trying(
    ana: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(sign_in.FAILURES_PER_NAME + 3):
        sign_in_as(client, "ana", "wrong")
    assert count(ana, SignInFailure) == sign_in.FAILURES_PER_NAME
    later = clock.now() + timedelta(minutes=15, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert sign_in_as(client).status_code == 303
    assert count(ana, SignInFailure) == 0


def test_many_names_from_one_address_wait_too(ana: Flask) -> None:
    with ana.app_context():
        for number in range(sign_in.FAILURES_PER_ADDRESS):
            with pytest.raises(sign_in.SignInRefused):
                sign_in.check(f"name{number}", "wrong", "10.0.0.1")
        with pytest.raises(sign_in.TooManyFailures):
            sign_in.check("ana", PASSWORD, "10.0.0.1")
        assert sign_in.check("ana", PASSWORD, "10.0.0.2")


def test_a_disabled_user_is_out_at_once_and_stays_out(ana: Flask, client: FlaskClient) -> None:
    sign_in_as(client)
    with ana.app_context():
        people.change(1, {"enabled": False})
    assert client.get("/health").status_code == 303
    assert sign_in_as(client).status_code == 422


def test_an_idle_session_ends(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(app, "viewer")
    assert client.get("/health").status_code == 200
    later = clock.now() + timedelta(hours=12, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.get("/health").status_code == 303


def test_a_session_in_use_does_not(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, start = signed_in(app, "viewer"), clock.now()
    for hours in (8, 16, 24):
        monkeypatch.setattr(clock, "now", lambda hours=hours: start + timedelta(hours=hours))
        assert client.get("/health").status_code == 200


def test_a_weaker_hash_is_renewed_at_the_sign_in(ana: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stronger = passwords.PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", stronger)
    with ana.app_context():
        sign_in.check("ana", PASSWORD, "")
        assert "t=2" in (db.session.scalar(select(people.User.password_hash)) or "")
        assert sign_in.check("ana", PASSWORD, "")


def test_the_first_password_is_kept_until_it_was_used(ana: Flask, client: FlaskClient) -> None:
    folder = ana.config["ARAUTO_DATA_DIR"]
    first_password.keep(folder, "something else")
    sign_in_as(client)
    assert first_password.pending(folder)
    first_password.keep(folder, PASSWORD)
    sign_in_as(client, password="wrong")
    assert first_password.pending(folder)
    sign_in_as(ana.test_client())
    assert first_password.pending(folder) is None


def test_a_stolen_key_of_nobody_is_nobody(app: Flask) -> None:
    with app.app_context():
        assert sessions.find("") is None
        assert sessions.find("x" * 43) is None
