"""Events as reports read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.models import Event, Message
from webapp.models.catalogue import Severity
from webapp.queries import keyset
from webapp.queries.keyset import Page, Turn, Walk
from webapp.queries.narrowing import Narrow, walk

LIMIT = 50
MOST = 500
SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a report shows; what is empty does not narrow it. `text`: parts of words, all of them in the title."""

    type: str = ""
    severity: str = ""
    source: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


_COLUMNS = [
    getattr(Event, name)
    for name in (
        *("id", "type", "severity", "title", "body", "attributes", "source", "occurred_at", "received_at"),
        *("dedup_key", "rulebook_id"),
    )
]


def page(session: Session, filters: Filters, *, limit: int = LIMIT, after: str | None = None) -> Page[Any]:
    """The newest `limit` events that pass the filters, after the cursor, each with the number of its `messages`.

    Raises InvalidInput for a wrong cursor.
    """
    return turn_to(session, filters, Turn(after=after, limit=limit))


def turn_to(session: Session, filters: Filters, turn: Turn) -> Page[Any]:
    """One page of the events that pass the filters, as `page` has them. Raises InvalidInput for a wrong cursor."""
    places = keyset.leaf(_walk(session, filters), turn)
    numbers = [number for (number,) in places.items]
    messages = select(func.count()).where(Message.event_id == Event.id).scalar_subquery()
    query = select(*_COLUMNS, messages.label("messages")).where(Event.id.in_(numbers))
    return keyset.filled(places, session.execute(query))


def count(session: Session, filters: Filters, most: int) -> int:
    """How many events pass the filters, counting no further than `most`."""
    return len(_walk(session, filters)(None, True, most))


def _walk(session: Session, filters: Filters) -> Walk:
    wanted = ((Event.source, filters.source), (Event.type, filters.type), (Event.severity, filters.severity))
    narrows = [Narrow(column, value) for column, value in wanted if value]
    # No index helps here: titles are looked at one after the other, until a page is full.
    has_words = [Event.title.icontains(word, autoescape=True) for word in filters.text.split()]
    return walk(session, Event.id, Event.received_at, narrows, has_words, (filters.since, filters.until))


def get(session: Session, event_id: int) -> Any:
    """One event. Raises NotFound."""
    row = session.execute(select(*_COLUMNS).where(Event.id == event_id)).one_or_none()
    if row is None:
        raise NotFound(_("There is no event %(id)s.", id=event_id))
    return row
