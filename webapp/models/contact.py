from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Model, db
from webapp.models.types import Id, Named

contact_group_member = Table(
    "contact_group_member",
    db.metadata,
    Column("group_id", Id, ForeignKey("contact_group.id", ondelete="CASCADE"), primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Contact(Named, Model):
    """A person: where mail and SMS reach them, in which language and time zone."""

    email: Mapped[str] = mapped_column(default="", index=True)
    mobile: Mapped[str] = mapped_column(default="")
    locale: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str] = mapped_column(default="UTC")
    enabled: Mapped[bool] = mapped_column(default=True)

    __mapper_args__ = {"version_id_col": Named.version}


class ContactGroup(Named, Model):
    """A named set of contacts."""

    contacts: Mapped[list[Contact]] = relationship(secondary=contact_group_member, order_by=Contact.name)

    __mapper_args__ = {"version_id_col": Named.version}
