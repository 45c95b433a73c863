from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Table, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Model, db
from webapp.models.types import Id, Named

contact_group_member = Table(
    "contact_group_member",
    db.metadata,
    Column("group_id", Id, ForeignKey("contact_group.id", ondelete="CASCADE"), primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True, index=True),
)


def folded(text: str) -> str:
    """A text as it is compared in searches: without case and accents, so that `jose` finds José."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in parts if not unicodedata.combining(character))


class Contact(Named, Model):
    """A person: where mail and SMS reach them, in which language and time zone.

    `searched` is name and addresses, folded; it is kept by itself.
    """

    email: Mapped[str] = mapped_column(default="")
    mobile: Mapped[str] = mapped_column(default="")
    locale: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str] = mapped_column(default="UTC")
    enabled: Mapped[bool] = mapped_column(default=True)
    searched: Mapped[str] = mapped_column(default="", server_default="")

    # Each order of the report, with what its filters look at: a search reads no row that it does not show.
    __table_args__ = (
        Index("ix_contact_by_name", "name", "id", "enabled", "locale", "searched"),
        Index("ix_contact_by_email", "email", "id", "enabled", "locale", "searched"),
    )
    __mapper_args__ = {"version_id_col": Named.version}


class ContactGroup(Named, Model):
    """A named set of contacts."""

    contacts: Mapped[list[Contact]] = relationship(secondary=contact_group_member, order_by=Contact.name)

    __mapper_args__ = {"version_id_col": Named.version}


@event.listens_for(Contact, "before_insert")
@event.listens_for(Contact, "before_update")
def _note_words(mapper: Any, connection: Any, contact: Contact) -> None:
    contact.searched = folded("\n".join((contact.name, contact.email or "", contact.mobile or "")))
