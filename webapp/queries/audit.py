"""The audit log as its report reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.models import AuditEntry
from webapp.queries import keyset
from webapp.queries.keyset import Page, Turn, Walk
from webapp.queries.narrowing import Narrow, walk


@dataclass(frozen=True, slots=True)
class Filters:
    """What a report shows; what is empty does not narrow it. `text`: parts of words, all of them in the name."""

    actor: str = ""
    action: str = ""
    noun: str = ""
    number: int | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


def turn_to(session: Session, filters: Filters, turn: Turn) -> Page[AuditEntry]:
    """One page of the entries that pass the filters. Raises InvalidInput for a wrong cursor."""
    places = keyset.leaf(_walk(session, filters), turn)
    numbers = [number for (number,) in places.items]
    return keyset.filled(places, session.scalars(select(AuditEntry).where(AuditEntry.id.in_(numbers))))


def count(session: Session, filters: Filters, most: int) -> int:
    """How many entries pass the filters, counting no further than `most`."""
    return len(_walk(session, filters)(None, True, most))


def _walk(session: Session, filters: Filters) -> Walk:
    wanted = (
        (AuditEntry.actor, filters.actor),
        (AuditEntry.number, filters.number),
        (AuditEntry.action, filters.action),
        (AuditEntry.noun, filters.noun),
    )
    narrows = [Narrow(column, value) for column, value in wanted if value not in ("", None)]
    # No index helps here: names are looked at one after the other, until a page is full.
    has_words = [AuditEntry.name.icontains(word, autoescape=True) for word in filters.text.split()]
    return walk(session, AuditEntry.id, AuditEntry.at, narrows, has_words, (filters.since, filters.until))


def get(session: Session, entry_id: int) -> AuditEntry:
    """One entry. Raises NotFound."""
    entry = session.get(AuditEntry, entry_id)
    if entry is None:
        raise NotFound(_("There is no entry %(id)s in the audit log.", id=entry_id))
    return entry
