from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.clock import now
from webapp.extensions import Model
from webapp.models.types import UtcDateTime


def mailbox_of(address: str) -> str:
    """What addresses of one mailbox have in common: no mail system in use tells the case of letters apart.

    RFC 5321 section 2.4 would let it, so nothing is sent to this form.
    """
    return address.lower()


class SuppressedAddress(Model):
    """An address that a server refused for good; nothing is sent to it until an operator lifts this."""

    address: Mapped[str] = mapped_column(primary_key=True)  # see `mailbox_of`
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    status: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="SET NULL"))
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_message.id", ondelete="SET NULL"))
