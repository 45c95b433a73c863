"""Arauto in this process, on a database of its own: an account, contacts, rules, messages."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from webapp import create_app
from webapp.extensions import db
from webapp.mail.compose import Words
from webapp.models import Contact, Notification, SmtpAccount
from webapp.services import outbox, rules, schema
from webapp.services.unit import write

TEXT = "The password of the vault was changed by somebody who is allowed to.\n" * 25
HTML = "<html><body>" + "<p>The password of the vault was changed by somebody.</p>\n" * 35 + "</body></html>"


@contextmanager
def gateway(folder: Path | None = None) -> Iterator[Flask]:
    """An application in its context, its jobs off; in a folder that goes with it unless one is given."""
    with tempfile.TemporaryDirectory() as made:
        data = folder or Path(made) / "var"
        app = create_app({"ARAUTO_DATA_DIR": str(data), "ARAUTO_JOBS": "off"})
        schema.upgrade(app.config["SQLALCHEMY_DATABASE_URI"])
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


def add_account(port: int, connections: int = 4) -> None:
    """The default account, at a server on this machine."""
    with write() as session:
        account = SmtpAccount(name="Relay", is_default=True, sender_email="arauto@corp.example", host="127.0.0.1")
        account.port, account.max_connections = port, connections
        session.add(account)


def add_rule(types: list[str], name: str = "All") -> None:
    """A notification that tells Ana by e-mail."""
    with write() as session:
        found = session.query(Contact).one_or_none()
        contact = found or Contact(name="Ana", email="ana@corp.example")
        session.add(Notification(name=name, types=types, channels=["email"], contacts=[contact]))
        rules.publish(session)


def add_messages(count: int) -> None:
    """Queued mails of about 4 KB that share their words."""
    words = Words("A subject", TEXT, HTML)
    with write() as session:
        outbox.enqueue(session, [outbox.NewMessage("email", f"p{i}@corp.example", words) for i in range(count)])
