from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from webapp.clock import now
from webapp.extensions import Model
from webapp.models.types import Id, UtcDateTime


class SandboxMail(Model):
    """A mail that the sandbox mail server caught; nobody outside got it. Its number is its UID over IMAP."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    sender: Mapped[str]
    recipients: Mapped[list[str]] = mapped_column(JSON)
    subject: Mapped[str] = mapped_column(default="")
    message_id: Mapped[str] = mapped_column(default="", index=True)
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    __table_args__ = {"sqlite_autoincrement": True}
