from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.clock import now
from webapp.extensions import Model
from webapp.models.inbox_account import InboxAccount
from webapp.models.types import Id, UtcDateTime


class InboundState(StrEnum):
    """How far a mail that came in got: stored, understood, put aside with an error, or left on the server."""

    RECEIVED = "received"
    PROCESSED = "processed"
    HELD = "held"
    TOO_LARGE = "too_large"


class InboundMessage(Model):
    """One mail that came in, and the effect that it had. Its octets are in `InboundRaw`.

    `server_key` names it on its server; `content_hash` finds it again where the server has given it another name.
    """

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("inbox_account.id", ondelete="SET NULL"))
    server_key: Mapped[str]
    on_server: Mapped[bool] = mapped_column(default=True)
    content_hash: Mapped[str] = mapped_column(default="")
    size: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    message_id: Mapped[str] = mapped_column(default="")
    sender: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default=InboundState.RECEIVED)
    kind: Mapped[str] = mapped_column(default="")
    effect: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    answers_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="SET NULL"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id", ondelete="SET NULL"))
    defects: Mapped[list[str]] = mapped_column(JSON, default=list)
    error: Mapped[str] = mapped_column(default="")

    account: Mapped[InboxAccount | None] = relationship()

    __table_args__ = (
        CheckConstraint("state IN ({})".format(", ".join(f"'{state}'" for state in InboundState)), name="state"),
        Index("uq_inbound_message_account_id_server_key", "account_id", "server_key", unique=True),
        Index("ix_inbound_message_account_id_content_hash", "account_id", "content_hash"),
        Index("ix_inbound_message_account_id_on_server", "account_id", "on_server"),
        # The report: every filter with the newest first.
        Index("ix_inbound_message_account_id_id", "account_id", "id"),
        Index("ix_inbound_message_kind_id", "kind", "id"),
        Index("ix_inbound_message_state_id", "state", "id"),
        Index("ix_inbound_message_sender_id", "sender", "id"),
        Index("ix_inbound_message_answers_id", "answers_id", "id"),
        Index("ix_inbound_message_received_at", "received_at"),
    )


class InboundRaw(Model):
    """The octets of a mail as the server gave them: reports never touch them."""

    inbound_id: Mapped[int] = mapped_column(ForeignKey("inbound_message.id", ondelete="CASCADE"), primary_key=True)
    raw: Mapped[bytes] = mapped_column(LargeBinary)


class SkippedMail(Model):
    """A mail that was older than its account and is not looked at again."""

    account_id: Mapped[int] = mapped_column(ForeignKey("inbox_account.id", ondelete="CASCADE"), primary_key=True)
    server_key: Mapped[str] = mapped_column(primary_key=True)
