from __future__ import annotations

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Model
from webapp.models.types import Id


class EventType(Model):
    """A type that an administrator added, or what was changed of a built-in one (see `services.catalogue`)."""

    type: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    category: Mapped[str]
    severity: Mapped[str]
    at_most_once: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (CheckConstraint("severity IN ('info', 'warning', 'error', 'critical')", name="severity"),)


class Text(Model):
    """An administrator's words for one type, channel and language, instead of the built-in ones."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    type: Mapped[str]
    channel: Mapped[str]
    locale: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    body: Mapped[str]

    __table_args__ = (UniqueConstraint("type", "channel", "locale"),)
