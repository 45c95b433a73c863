"""Groups: named sets of contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from webapp.errors import N_
from webapp.models import ContactGroup
from webapp.services.entries import Entry, Section, World, fill, rows_of
from webapp.services.fields import AsTuple, Name, in_order, reference

ContactNames = Annotated[
    tuple[Annotated[str, reference("contacts", N_("contact"))], ...], AsTuple, AfterValidator(in_order)
]


class GroupEntry(Entry):
    """A group as people write it."""

    name: Name
    contacts: ContactNames = ()


class Groups(Section):
    """Members are named; their order means nothing."""

    name, noun = "groups", N_("group")
    entry, row = GroupEntry, ContactGroup
    references = {"contacts": "contacts"}

    def rows(self, session: Session) -> list[ContactGroup]:
        query = select(ContactGroup).order_by(ContactGroup.id).options(selectinload(ContactGroup.contacts))
        return list(session.scalars(query))

    def entry_of(self, row: ContactGroup) -> dict[str, Any]:
        return {"name": row.name, "contacts": tuple(sorted(contact.name for contact in row.contacts))}

    def put(self, session: Session, row: ContactGroup, entry: Mapping[str, Any], world: World) -> None:
        fill(row, {"name": entry["name"], "contacts": rows_of(world, "contacts", entry["contacts"])})
        session.add(row)
