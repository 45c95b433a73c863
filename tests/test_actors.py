"""The edges say who acts: a person at a page, a program with a token, the operating system's user of a command."""

from __future__ import annotations

import os
import pwd
import socket

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.api.conftest import Program
from tests.factories import make_account, make_messages
from tests.peers import free_port
from tests.visiting import post
from webapp.cli.frame import application
from webapp.extensions import db
from webapp.models import AuditEntry
from webapp.services import passwords, tokens


def last(app: Flask) -> tuple[str, str, str, str]:
    """Kind, name and address of who did the newest deed, and the deed."""
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        return entry.actor_kind, entry.actor, entry.address, entry.action


def queued(app: Flask) -> int:
    with app.app_context():
        return make_messages()[0]


def test_a_person_at_a_page(app: Flask, operator_client: FlaskClient) -> None:
    post(operator_client, f"/outbox/{queued(app)}/cancel")
    assert last(app) == ("user", "operator", "127.0.0.1", "cancelled")


def test_somebody_who_did_not_sign_in(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "matches", lambda password, stored: False)
    post(client, "/login", {"username": "admin", "password": "guess"})
    assert last(app) == ("visitor", "", "127.0.0.1", "refused")


def test_a_person_who_watches_a_test_mail(app: Flask, admin_client: FlaskClient) -> None:
    with app.app_context():
        number = make_account(port=free_port())
    typed = {"to": "b@corp.example", "subject": "S", "body": "B"}
    assert "not accepted" in post(admin_client, f"/settings/smtp-accounts/{number}/test", typed).text
    assert last(app) == ("user", "admin", "127.0.0.1", "tested")


def test_signing_out_is_done_by_the_person(app: Flask, operator_client: FlaskClient) -> None:
    post(operator_client, "/logout")
    assert last(app) == ("user", "operator", "127.0.0.1", "signed_out")


def test_a_program_with_a_token(app: Flask) -> None:
    number = queued(app)
    assert Program(app).post(f"/messages/{number}/cancel").status_code == 200
    assert last(app) == ("token", "monitor", "127.0.0.1", "cancelled")


def test_the_user_of_a_command_whatever_the_environment_says(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARAUTO_DATA_DIR", str(app.config["ARAUTO_DATA_DIR"]))
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.setattr("webapp.services.schema.require_current", lambda url: None)
    with application():
        tokens.create("backup")
        db.engine.dispose()
    assert last(app) == ("command", pwd.getpwuid(os.getuid()).pw_name, socket.gethostname(), "created")
