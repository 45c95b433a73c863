"""The queue in numbers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.models import Message, State


def count_due(session: Session, moment: datetime) -> int:
    """How many queued messages were due at `moment`, whether or not their account can send."""
    due = (Message.state == State.QUEUED, Message.next_attempt_at <= moment, Message.expires_at > moment)
    return session.scalar(select(func.count()).select_from(Message).where(*due)) or 0
