"""What a picker offers: contacts or groups by their names, what is chosen first, as many as a page bears."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.models import Contact, ContactGroup
from webapp.models.contact import contact_group_member
from webapp.queries import nouns, people
from webapp.queries.nouns import Listing

MOST = 2000  # so many stand on a page, where the browser narrows them
FOUND = 100  # of more than that: so many that a search finds


@dataclass(frozen=True, slots=True)
class Picks:
    """Rows with `name` and what tells them apart: `chosen` and `others` by name, `total` of what there is.

    Where that is more than a page bears it is not `whole`: then `others` are only the first that a search finds.
    """

    chosen: list[Any]
    others: list[Any]
    total: int
    whole: bool


_MEMBERS = (
    select(func.count())
    .where(contact_group_member.c.group_id == ContactGroup.id)
    .correlate(ContactGroup)
    .scalar_subquery()
)


def contacts(session: Session, chosen: Collection[str], words: str = "") -> Picks:
    """Contacts: `name`, `email`, `mobile`, `enabled`."""
    rows = select(Contact.name, Contact.email, Contact.mobile, Contact.enabled)
    return _picks(session, people.CONTACTS, rows, chosen, words)


def groups(session: Session, chosen: Collection[str], words: str = "") -> Picks:
    """Groups: `name`, and `members`, how many there are."""
    return _picks(session, people.GROUPS, select(ContactGroup.name, _MEMBERS.label("members")), chosen, words)


def _picks(session: Session, listing: Listing, rows: Any, chosen: Collection[str], words: str) -> Picks:
    name = listing.model.name
    rows = rows.order_by(name)
    total = session.scalar(select(func.count(listing.model.id))) or 0
    if total <= MOST:
        found = session.execute(rows).all()
        kept = set(chosen)
        first = [row for row in found if row.name in kept]
        return Picks(first, [row for row in found if row.name not in kept], total, whole=True)
    first = list(session.execute(rows.where(name.in_(chosen))))
    others = rows.where(name.not_in(chosen), *nouns.has_words(listing, words)).limit(FOUND)
    return Picks(first, list(session.execute(others)), total, whole=False)
