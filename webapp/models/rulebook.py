from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from webapp.clock import now
from webapp.extensions import Model
from webapp.models.types import Id, UtcDateTime


class Rulebook(Model):
    """All that matching and rendering need (types, texts, notifications, contacts), frozen under a number.

    Written whenever any of it changes, never altered: an event keeps the number that it was judged by, so that
    "why did it not fire?" is answered by the rules as they stood then.
    """

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)

    # A number is never used again: other processes remember what it stood for.
    __table_args__ = {"sqlite_autoincrement": True}
