"""Rows for tests, with sensible values for everything that a test does not care about."""

from __future__ import annotations

from typing import Any

from webapp.mail.compose import Words
from webapp.models import Contact, ContactGroup, Notification, SmtpAccount
from webapp.services import outbox, rules
from webapp.services.unit import write


def make_account(name: str = "Relay", **fields: Any) -> int:
    """An SMTP account; the default one unless told otherwise."""
    values = {
        "sender_email": "arauto@corp.example",
        "host": "127.0.0.1",
        "port": 2525,
        "is_default": True,
        "pinned_certificate": None,
        "max_per_minute": None,
        **fields,
    }
    with write() as session:
        account = SmtpAccount(name=name, **values)
        session.add(account)
        session.flush()
        return account.id


def make_contact(name: str = "Ana", **fields: Any) -> int:
    """A contact with an address of that name."""
    with write() as session:
        contact = Contact(name=name, **{"email": f"{name.lower()}@corp.example", **fields})
        session.add(contact)
        rules.publish(session)
        return contact.id


def make_group(name: str = "Security", contacts: list[int] = ()) -> int:  # type: ignore[assignment]
    """A group of contacts, by their ids."""
    with write() as session:
        group = ContactGroup(name=name, contacts=[session.get_one(Contact, number) for number in contacts])
        session.add(group)
        rules.publish(session)
        return group.id


def make_notification(name: str = "All", contacts: list[int] = (), groups: list[int] = (), **fields: Any) -> int:  # type: ignore[assignment]
    """An enabled notification for every type by e-mail."""
    with write() as session:
        notification = Notification(
            name=name,
            contacts=[session.get_one(Contact, number) for number in contacts],
            groups=[session.get_one(ContactGroup, number) for number in groups],
            **{"types": ["*"], "channels": ["email"], **fields},
        )
        session.add(notification)
        rules.publish(session)
        return notification.id


def make_messages(count: int = 1, **fields: Any) -> list[int]:
    """Queued e-mails that share their words, to `p0@corp.example`, `p1@…`."""
    words = fields.pop("words", Words("A subject", "A body"))
    with write() as session:
        made = outbox.enqueue(
            session,
            [
                outbox.NewMessage(**{"channel": "email", "recipient": f"p{i}@corp.example", "words": words, **fields})
                for i in range(count)
            ],
        )
        return [message.id for message in made]
