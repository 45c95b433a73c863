"""The sandbox mail server, running, and what it made and caught."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from webapp.extensions import db
from webapp.models import InboxAccount, SandboxMail, SmtpAccount
from webapp.services.inbox import accounts as inbox_accounts
from webapp.services.sandbox import accounts
from webapp.services.sandbox.server import SandboxServer


@pytest.fixture
def server(any_ctx: Flask) -> Iterator[SandboxServer]:
    running = SandboxServer(any_ctx)
    running.ensure()
    yield running
    running.stop()


def account() -> SmtpAccount:
    """By which mail comes in."""
    db.session.rollback()
    return db.session.scalars(select(SmtpAccount).where(SmtpAccount.name == accounts.NAME)).one()


def inbox() -> inbox_accounts.Account:
    """By which it is read, secret and all."""
    db.session.rollback()
    number = db.session.scalars(select(InboxAccount.id).where(InboxAccount.name == accounts.NAME)).one()
    return inbox_accounts.read(db.session(), number)


def mails() -> list[SandboxMail]:
    """What was caught, in order."""
    db.session.rollback()
    return list(db.session.scalars(select(SandboxMail).order_by(SandboxMail.id)))


def client() -> smtplib.SMTP:
    """A mail program that sends."""
    return smtplib.SMTP(accounts.HOST, account().port, timeout=10)


def deliver(raw: bytes, sender: str = "a@corp.example", *recipients: str, **options: Any) -> None:
    """Send a mail to the sandbox."""
    with client() as smtp:
        smtp.sendmail(sender, recipients or ["b@corp.example"], raw, **options)
