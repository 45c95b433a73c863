"""The rulebook: frozen whenever the configuration changes, read by its number afterwards."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, selectinload

from webapp.errors import NotFound
from webapp.extensions import db
from webapp.models import Contact, ContactGroup, Event, EventType, Notification, Rulebook, Text
from webapp.services import matching
from webapp.services.unit import write

KEPT = 8
_books: OrderedDict[tuple[str, int], matching.Rulebook] = OrderedDict()


def publish(session: Session) -> None:
    """Freeze the rules as they are in this transaction. Every change of what they are made of ends with this call.

    The previous book is dropped where no event was judged by it.
    """
    session.flush()
    content = _content(session)
    last = session.scalar(select(Rulebook).order_by(Rulebook.id.desc()).limit(1))
    if last is not None and last.content == content:
        return
    if last is not None and not session.scalar(select(exists().where(Event.rulebook_id == last.id))):
        session.delete(last)
    session.add(Rulebook(content=content))
    session.flush()


def current(session: Session) -> matching.Rulebook:
    """The rules as they stand now; the first call on a fresh database freezes the empty ones."""
    number = session.scalar(select(Rulebook.id).order_by(Rulebook.id.desc()).limit(1))
    if number is None:
        with write() as writing:
            publish(writing)
        return current(session)
    return numbered(session, number)


def numbered(session: Session, number: int) -> matching.Rulebook:
    """The rules under `number`; kept in memory, because a number's content never changes."""
    key = (str(db.engine.url), number)
    book = _books.get(key)
    if book is None:
        row = session.get(Rulebook, number)
        if row is None:
            raise NotFound(f"There is no rulebook {number}.")
        book = _books[key] = matching.Rulebook(number, row.content)
        while len(_books) > KEPT:
            _books.popitem(last=False)
    return book


def _content(session: Session) -> dict[str, Any]:
    return {
        "people": [_columns(contact, *_PERSON) for contact in session.scalars(select(Contact).order_by(Contact.id))],
        "rules": [_rule(rule) for rule in session.scalars(_RULES)],
        "types": [
            {**_columns(row, "type", "title", "category", "severity", "at_most_once"), "built_in": False}
            for row in session.scalars(select(EventType).order_by(EventType.type))
        ],
        "texts": [
            _columns(row, "type", "channel", "locale", "subject", "body")
            for row in session.scalars(select(Text).order_by(Text.id))
        ],
    }


_PERSON = ("id", "name", "email", "mobile", "locale", "timezone", "enabled")
_RULES = (
    select(Notification)
    .order_by(Notification.id)
    .options(
        selectinload(Notification.contacts), selectinload(Notification.groups).selectinload(ContactGroup.contacts)
    )
)


def _columns(row: object, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _rule(rule: Notification) -> dict[str, Any]:
    people = {contact.id for contact in rule.contacts}
    people.update(contact.id for group in rule.groups for contact in group.contacts)
    fields = _columns(rule, "id", "name", "enabled", "channels", "types", "min_severity", "account_id")
    return {**fields, "people": sorted(people)}
