from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.clock import now
from webapp.extensions import Model
from webapp.models.types import Id, UtcDateTime


class Event(Model):
    """Something that happened. Never changed after it was recorded."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    type: Mapped[str]
    severity: Mapped[str]
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    source: Mapped[str] = mapped_column(default="")
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    dedup_key: Mapped[str | None]
    rulebook_id: Mapped[int] = mapped_column(ForeignKey("rulebook.id"))

    __table_args__ = (
        Index("ix_event_type_id", "type", "id"),
        Index("ix_event_severity_id", "severity", "id"),
        Index("ix_event_source_id", "source", "id"),
        Index("ix_event_rulebook_id", "rulebook_id"),
        Index("ix_event_dedup", "dedup_key", "type", "received_at"),
    )
