from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.clock import now
from webapp.extensions import Model
from webapp.models.types import Named, UtcDateTime

SCOPES = ("events:write", "messages:write", "requests:write", "read", "admin")


class ApiToken(Named, Model):
    """What a program signs its HTTP calls with. Only a hash is kept; the token itself was shown once."""

    token_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    enabled: Mapped[bool] = mapped_column(default=True)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __mapper_args__ = {"version_id_col": Named.version}


class IdempotencyRecord(Model):
    """The answer that was given to a POST with an Idempotency-Key, so that a repeat gets the same one."""

    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int]
    answer: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
