"""Notifications as reports read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from webapp.models import Message, Notification
from webapp.queries.nouns import Listing

NOTIFICATIONS = Listing(
    Notification,
    {"name": Notification.name, "id": Notification.id, "changed": Notification.updated_at},
    (Notification.name,),
    {"enabled": Notification.enabled},
    (joinedload(Notification.account),),
    (selectinload(Notification.contacts), selectinload(Notification.groups)),
)


def last_fired(session: Session, names: Sequence[str]) -> dict[str, datetime]:
    """When each of these notifications made its newest message of an event; those that never did are not in it."""
    found = {}
    for name in names:
        of_event = (Message.notification == name, Message.event_id.is_not(None))
        newest = select(Message.created_at).where(*of_event).order_by(Message.id.desc()).limit(1)
        at = session.scalar(newest)
        if at is not None:
            found[name] = at
    return found
