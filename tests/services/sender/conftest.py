"""A running sender, and short questions about what it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.peers import wait_until
from webapp.extensions import db
from webapp.models import AccountHealth, Attempt, Message
from webapp.services.sender import Sender
from webapp.services.unit import write


@contextmanager
def sending(app: Flask, **options: Any) -> Iterator[Sender]:
    """A sender at work."""
    sender = Sender(app.config, **options)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop(grace=5)


@pytest.fixture
def sender(ctx: Flask) -> Iterator[Sender]:
    """A sender at work on the application of `ctx`."""
    with sending(ctx) as running:
        yield running


def message(number: int) -> Message:
    """The message as the database has it now."""
    db.session.rollback()
    return db.session.get_one(Message, number, populate_existing=True)


def attempts(number: int) -> list[Attempt]:
    """Its attempts, in order."""
    db.session.rollback()
    return list(db.session.scalars(select(Attempt).where(Attempt.message_id == number).order_by(Attempt.id)))


def health(account_id: int) -> AccountHealth | None:
    """What is known of an account's troubles."""
    db.session.rollback()
    return db.session.get(AccountHealth, account_id, populate_existing=True)


def wait_state(number: int, state: str) -> Message:
    """The message once it reached `state`."""
    wait_until(lambda: message(number).state == state, f"message {number} to be {state}")
    return message(number)


def wait_tried(number: int, times: int = 1) -> Message:
    """The message once it was tried `times` times and is at rest."""
    wait_until(lambda: len(attempts(number)) >= times and message(number).state != "sending", f"{times} attempts")
    return message(number)


def make_due(number: int) -> None:
    """Skip the message's back-off."""
    with write() as session:
        session.execute(update(Message).where(Message.id == number).values(next_attempt_at=message(number).created_at))


def skip_circuit(account_id: int) -> None:
    """Skip the account's rest."""
    with write() as session:
        row = session.get_one(AccountHealth, account_id)
        row.retry_at = row.since
