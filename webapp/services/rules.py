"""The rulebook: frozen whenever the configuration changes, read by its number afterwards."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Engine, delete, exists, func, select
from sqlalchemy.orm import Session, selectinload

from webapp.database.hot import HotStatement
from webapp.errors import NotFound
from webapp.models import Contact, ContactGroup, Event, EventType, Notification, Rulebook, Text
from webapp.models.catalogue import BUILT_IN
from webapp.services import matching
from webapp.services.unit import driver, write

KEPT = 8
_STAMP = select(Rulebook.id, Rulebook.created_at)
_LATEST = HotStatement(_STAMP.order_by(Rulebook.id.desc()).limit(1))
_books: OrderedDict[tuple[Engine, int, datetime], matching.Rulebook] = OrderedDict()
_books_lock = threading.Lock()


def publish(session: Session) -> None:
    """Freeze the rules as they are in this transaction. Every change of what they are made of ends with this call."""
    session.flush()
    content = _content(session)
    last = session.scalar(select(Rulebook.content).order_by(Rulebook.id.desc()).limit(1))
    if last != content:
        session.add(Rulebook(content=content))
        session.flush()


def current(session: Session) -> matching.Rulebook:
    """The rules as they stand now; the first call on a fresh database freezes the empty ones."""
    found = _LATEST.one(driver(session))
    if found is None:
        with write() as writing:
            publish(writing)
        return current(session)
    return _book(session, *found)


def numbered(session: Session, number: int) -> matching.Rulebook:
    """The rules under `number`. Raises NotFound."""
    row = session.execute(_STAMP.where(Rulebook.id == number)).one_or_none()
    if row is None:
        raise NotFound(_("There is no rulebook %(number)s.", number=number))
    return _book(session, row.id, row.created_at)


def forget_unused(session: Session, before: datetime) -> int:
    """Delete books older than `before` that no event was judged by, never the current one; how many."""
    newest = select(func.max(Rulebook.id)).scalar_subquery()
    unused = ~exists().where(Event.rulebook_id == Rulebook.id)
    return (
        session.connection()
        .execute(delete(Rulebook).where(Rulebook.created_at < before, Rulebook.id < newest, unused))
        .rowcount
    )


def _book(session: Session, number: int, created_at: datetime) -> matching.Rulebook:
    """Kept in memory. A number that a rollback undid is given again, so the time of its making is part of the key."""
    key = (session.get_bind().engine, number, created_at)
    book = _books.get(key)
    if book is None:
        book = matching.Rulebook(number, session.scalars(select(Rulebook.content).where(Rulebook.id == number)).one())
        with _books_lock:
            _books[key] = book
            while len(_books) > KEPT:
                _books.popitem(last=False)
    return book


def _content(session: Session) -> dict[str, Any]:
    return {
        "people": [_columns(contact, *_PERSON) for contact in session.scalars(select(Contact).order_by(Contact.id))],
        "rules": [_rule(rule) for rule in session.scalars(_RULES)],
        "types": [
            {
                **_columns(row, "type", "title", "category", "severity", "at_most_once"),
                "built_in": row.type in BUILT_IN and row.title == BUILT_IN[row.type].title,
            }
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
    .options(selectinload(Notification.contacts), selectinload(Notification.groups).selectinload(ContactGroup.contacts))
)


def _columns(row: object, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _rule(rule: Notification) -> dict[str, Any]:
    people = {contact.id for contact in rule.contacts}
    people.update(contact.id for group in rule.groups for contact in group.contacts)
    fields = _columns(rule, "id", "name", "enabled", "channels", "types", "min_severity", "account_id")
    return {**fields, "people": sorted(people)}
