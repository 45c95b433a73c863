"""An inbox account on a real server, and our own messages that its mail answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.factories import make_messages
from tests.peers.dovecot import Box, Dovecot
from webapp import clock
from webapp.extensions import db
from webapp.mailboxes.base import Listed
from webapp.models import InboundMessage, InboxAccount, Message, State, TimelineEntry
from webapp.services import configuration
from webapp.services.inbox import processing, store
from webapp.services.inbox.store import Arrived
from webapp.services.unit import write


@pytest.fixture
def box(dovecot: Dovecot) -> Box:
    return dovecot.box()


Make = Callable[..., int]


@pytest.fixture
def make_inbox(dovecot: Dovecot, box: Box) -> Make:
    """`make_inbox(protocol="pop3", keep_copy=False)`: an account that reads the box; its number. Needs a context."""

    def make(name: str = "Replies", **fields: Any) -> int:
        secret = {"value": dovecot.password}
        if "reader" not in configuration.names("credentials"):
            configuration.save("credentials", {"name": "reader", "username": box.user, "secret": secret})
        protocol = fields.get("protocol", "imap")
        values = {"name": name, "host": "127.0.0.1", "port": getattr(dovecot, protocol), "credential": "reader"}
        configuration.save("inbox_accounts", {"ignore_older": False, **values, **fields})
        number = db.session.scalar(select(InboxAccount.id).where(InboxAccount.name == name))
        assert number is not None
        return number

    return make


@pytest.fixture
def inbox(any_ctx: Flask) -> int:
    """An account whose server nobody asks, on each database."""
    configuration.save("credentials", {"name": "reader", "username": "u", "secret": {"value": "s"}})
    configuration.save("inbox_accounts", {"name": "Replies", "host": "h", "port": 143, "credential": "reader"})
    return configuration.number_of("inbox_accounts", {"name": "Replies"})


@pytest.fixture(params=["imap", "pop3"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def mail(number: int = 1, **headers: str) -> bytes:
    fields = {"From": "a@corp.example", "Subject": f"mail {number}", "Message-ID": f"<{number}@x.example>", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"{lines}\r\nwords\r\n".encode()


def arrive(raw: bytes, account_id: int) -> None:
    """Keep and process a mail, as a check does."""
    listed = Listed(f"k{len(kept())}", len(raw))
    processing.process(store.keep(account_id, [Arrived(listed, raw, clock.now())], names=lambda key: True))


def kept() -> list[InboundMessage]:
    """Everything that came in, in order."""
    db.session.rollback()
    return list(db.session.scalars(select(InboundMessage).order_by(InboundMessage.id)))


def sent_message(app: Flask | None = None, state: State = State.SENT, **fields: Any) -> Message:
    """A message of ours that left."""
    [number] = make_messages(1, **fields)
    with write() as session:
        session.execute(update(Message).where(Message.id == number).values(state=state, next_attempt_at=None))
    return db.session.get_one(Message, number, populate_existing=True)


def fresh(message: Message) -> Message:
    """The message as it stands now."""
    db.session.rollback()
    return db.session.get_one(Message, message.id, populate_existing=True)


def story(message: Message) -> list[str]:
    db.session.rollback()
    query = select(TimelineEntry.kind).where(TimelineEntry.message_id == message.id).order_by(TimelineEntry.id)
    return list(db.session.scalars(query))
