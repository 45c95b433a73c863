"""Contacts and groups as reports read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, null, select
from sqlalchemy.orm import Session, selectinload

from webapp.models import Contact, ContactGroup, Notification
from webapp.models.contact import contact_group_member
from webapp.models.notification import notification_contact, notification_group
from webapp.queries.nouns import Listing

CONTACTS = Listing(
    Contact,
    {"name": Contact.name, "email": Contact.email},
    (Contact.searched,),
    {"enabled": Contact.enabled, "locale": Contact.locale, "group": lambda group: Contact.id.in_(_members(group))},
    folded=True,
)
GROUPS = Listing(
    ContactGroup,
    {"name": ContactGroup.name, "changed": ContactGroup.updated_at},
    (ContactGroup.name,),
    parts=(selectinload(ContactGroup.contacts),),
)


@dataclass(frozen=True, slots=True)
class Reach:
    """A notification that tells a contact: itself, or by way of a group."""

    id: int
    name: str
    enabled: bool
    group: str | None


def groups_of(session: Session, contacts: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """Number and name of the groups that each of these contacts is in, by name."""
    query = (
        select(contact_group_member.c.contact_id, ContactGroup.id, ContactGroup.name)
        .join(ContactGroup, ContactGroup.id == contact_group_member.c.group_id)
        .where(contact_group_member.c.contact_id.in_(contacts))
        .order_by(ContactGroup.name)
    )
    found: dict[int, list[tuple[int, str]]] = {number: [] for number in contacts}
    for contact, number, name in session.execute(query):
        found[contact].append((number, name))
    return found


def group_names(session: Session) -> dict[str, int]:
    """The numbers of all groups by their names, in alphabetical order."""
    return dict(session.execute(select(ContactGroup.name, ContactGroup.id).order_by(ContactGroup.name)).all())


def sizes(session: Session, groups: Sequence[int]) -> dict[int, int]:
    """How many members each of these groups has."""
    column = contact_group_member.c.group_id
    query = select(column, func.count()).where(column.in_(groups)).group_by(column)
    return {**dict.fromkeys(groups, 0), **dict(session.execute(query).all())}


def reaches(session: Session, contact: int) -> list[Reach]:
    """The notifications that tell a contact, by name; one that has several ways to them once for each."""
    rule = (Notification.id, Notification.name, Notification.enabled)
    itself = select(*rule, null().label("group")).join(notification_contact)
    itself = itself.where(notification_contact.c.contact_id == contact)
    by_group = (
        select(*rule, ContactGroup.name.label("group"))
        .join(notification_group, notification_group.c.notification_id == Notification.id)
        .join(ContactGroup, ContactGroup.id == notification_group.c.group_id)
        .join(contact_group_member, contact_group_member.c.group_id == ContactGroup.id)
        .where(contact_group_member.c.contact_id == contact)
    )
    found = [Reach(*row) for row in (*session.execute(itself), *session.execute(by_group))]
    return sorted(found, key=lambda reach: (reach.name, reach.group or ""))


def members(session: Session, group: int, most: int) -> list[Any]:
    """The first members of a group by name: `id`, `name`, `email`, `mobile`, `enabled`."""
    columns = (Contact.id, Contact.name, Contact.email, Contact.mobile, Contact.enabled)
    query = select(*columns).where(Contact.id.in_(_members(group))).order_by(Contact.name).limit(most)
    return list(session.execute(query))


def _members(group: int) -> Select[int]:
    return select(contact_group_member.c.contact_id).where(contact_group_member.c.group_id == group)
