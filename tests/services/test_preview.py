"""A message as it would leave now."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from flask import Flask
from sqlalchemy import update

from tests.factories import make_account, make_messages
from webapp import clock
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.models import Attempt, Message, Parameter, State
from webapp.services.preview import preview, source_of
from webapp.services.unit import write

pytestmark = pytest.mark.usefixtures("ctx")


def move(number: int, **values: object) -> None:
    with write() as session:
        session.execute(update(Message).where(Message.id == number).values(**values))


def test_it_is_what_the_senders_would_send(ctx: Flask) -> None:
    make_account(sender_name="Arauto", return_path_email="bounces@corp.example")
    with write() as session:
        session.add(Parameter(name="footer_text", value="Corp, internal"))
    [number] = make_messages(1, recipient="ana@corp.example", recipient_name="Ana", reply_to="help@corp.example")

    shown = preview(db.session(), number)

    assert shown.mail is not None
    assert (shown.account, shown.left, shown.problem) == ("Relay", False, "")
    assert (shown.mail.sender, shown.mail.recipient) == ("bounces@corp.example", "ana@corp.example")
    mail = message_from_bytes(source_of(db.session(), number), policy=policy.default)
    assert mail["From"] == "Arauto <arauto@corp.example>"
    assert mail["To"] == "Ana <ana@corp.example>"
    assert mail["Reply-To"] == "help@corp.example"
    assert "Corp, internal" in mail.get_content()
    assert ("Reply-To", "help@corp.example") in shown.headers
    assert "Corp, internal" in shown.source


def test_what_left_is_told_from_what_waits() -> None:
    make_account()
    [number] = make_messages()
    move(number, state=State.SENT)
    assert preview(db.session(), number).left


def test_the_account_that_tried_last_writes_it() -> None:
    make_account()
    fallback = make_account("Fallback", is_default=False, sender_email="fallback@corp.example")
    [number] = make_messages()
    with write() as session:
        tried = {"outcome": "accepted", "stage": "dot", "started_at": clock.now(), "duration_ms": 1}
        session.add(Attempt(message_id=number, account_id=fallback, **tried))
    assert preview(db.session(), number).account == "Fallback"


def test_a_message_without_an_account_is_written_by_the_default_one_or_not_at_all() -> None:
    [number] = make_messages()
    assert preview(db.session(), number).mail is None
    assert source_of(db.session(), number) == b""
    make_account()
    assert preview(db.session(), number).account == "Relay"


def test_what_cannot_be_written_says_why() -> None:
    make_account()
    [number] = make_messages()
    move(number, recipient="not an address")
    shown = preview(db.session(), number)
    assert shown.mail is None
    assert "e-mail address" in shown.problem


def test_there_is_no_such_message() -> None:
    with pytest.raises(NotFound):
        preview(db.session(), 99)
