from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Model, db
from webapp.models.contact import Contact, ContactGroup
from webapp.models.smtp_account import SmtpAccount
from webapp.models.types import Id, Named

notification_contact = Table(
    "notification_contact",
    db.metadata,
    Column("notification_id", Id, ForeignKey("notification.id", ondelete="CASCADE"), primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id"), primary_key=True, index=True),
)
notification_group = Table(
    "notification_group",
    db.metadata,
    Column("notification_id", Id, ForeignKey("notification.id", ondelete="CASCADE"), primary_key=True),
    Column("group_id", Id, ForeignKey("contact_group.id"), primary_key=True, index=True),
)


class Notification(Named, Model):
    """The rule: which types, by which channels, to which contacts, from which severity on."""

    enabled: Mapped[bool] = mapped_column(default=True)
    channels: Mapped[list[str]] = mapped_column(JSON, default=lambda: ["email"])
    types: Mapped[list[str]] = mapped_column(JSON, default=list)
    min_severity: Mapped[str] = mapped_column(default="info")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("smtp_account.id"))

    account: Mapped[SmtpAccount | None] = relationship()
    contacts: Mapped[list[Contact]] = relationship(secondary=notification_contact, order_by=Contact.name)
    groups: Mapped[list[ContactGroup]] = relationship(secondary=notification_group, order_by=ContactGroup.name)

    __mapper_args__ = {"version_id_col": Named.version}
