from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.clock import now
from webapp.extensions import Model
from webapp.models.event import Event
from webapp.models.smtp_account import SmtpAccount
from webapp.models.states import State
from webapp.models.types import Id, UtcDateTime


class Content(Model):
    """Words as they were rendered. Messages of one event that say the same share one row."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subject: Mapped[str] = mapped_column(default="")
    text: Mapped[str]
    html: Mapped[str | None]


class Message(Model):
    """One outbox row: one channel, one recipient, one event (or a direct submission)."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    event_type: Mapped[str] = mapped_column(default="")
    notification: Mapped[str] = mapped_column(default="")
    channel: Mapped[str]
    recipient: Mapped[str]
    recipient_name: Mapped[str] = mapped_column(default="")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("smtp_account.id", ondelete="SET NULL"))
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"))
    reply_to: Mapped[str | None]
    return_path: Mapped[str | None]
    confirmation_to: Mapped[str | None]
    priority: Mapped[int] = mapped_column(SmallInteger, default=1)
    at_most_once: Mapped[bool] = mapped_column(default=False)

    state: Mapped[str] = mapped_column(default=State.QUEUED)
    reason: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claim_token: Mapped[int | None] = mapped_column(BigInteger)
    transmitting: Mapped[bool] = mapped_column(default=False)
    maybe_repeated: Mapped[bool] = mapped_column(default=False)
    message_id: Mapped[str]
    resent_from: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_stage: Mapped[str] = mapped_column(default="")
    last_code: Mapped[int | None]
    last_words: Mapped[str] = mapped_column(default="")

    content: Mapped[Content] = relationship()
    event: Mapped[Event | None] = relationship()
    account: Mapped[SmtpAccount | None] = relationship()

    __table_args__ = (
        CheckConstraint("state IN ({})".format(", ".join(f"'{state}'" for state in State)), name="state"),
        # The queue: what is due for an account, high priority first.
        Index(
            "ix_message_due",
            "account_id",
            "priority",
            "next_attempt_at",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_message_expiring",
            "expires_at",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_message_claimed",
            "claim_token",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index("ix_message_message_id", "message_id", unique=True),
        # The reports: every filter with the newest first.
        Index("ix_message_state_id", "state", "id"),
        Index("ix_message_recipient_id", "recipient", "id"),
        Index("ix_message_account_id_id", "account_id", "id"),
        Index("ix_message_event_type_id", "event_type", "id"),
        Index("ix_message_channel_id", "channel", "id"),
        Index("ix_message_notification_id", "notification", "id"),
        Index("ix_message_event_id", "event_id"),
        Index("ix_message_content_id", "content_id"),
        Index("ix_message_contact_id", "contact_id"),
        Index("ix_message_created_at", "created_at"),
    )


class Attempt(Model):
    """One try to deliver a message: how far it got, what the server said, how long it took."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("smtp_account.id", ondelete="SET NULL"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    duration_ms: Mapped[int]
    outcome: Mapped[str]
    stage: Mapped[str]
    code: Mapped[int | None]
    enhanced: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    tls: Mapped[str] = mapped_column(default="")

    __table_args__ = (Index("ix_attempt_account_id_started_at", "account_id", "started_at"),)


class TimelineEntry(Model):
    """What else happened to a message: cancelled by whom, freed from a dead node, expired."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    kind: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
