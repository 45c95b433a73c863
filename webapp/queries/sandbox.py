"""The sandbox mailbox as its pages read it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.models import Message, SandboxMail
from webapp.queries import keyset
from webapp.queries.keyset import Page, Turn

_ROW = select(
    SandboxMail.id,
    SandboxMail.received_at,
    SandboxMail.sender,
    SandboxMail.recipients,
    SandboxMail.subject,
    SandboxMail.message_id,
    func.length(SandboxMail.raw).label("size"),
    Message.id.label("message"),
).outerjoin(Message, (Message.message_id == SandboxMail.message_id) & (SandboxMail.message_id != ""))


def turn_to(session: Session, turn: Turn) -> Page[Any]:
    """One page of mails: `size` in bytes, `message` the number of the message that it was. Raises InvalidInput."""

    def walk(start: tuple[int, ...] | None, down: bool, most: int) -> list[tuple[int, ...]]:
        query = select(SandboxMail.id).order_by(keyset.towards(SandboxMail.id, down)).limit(most)
        if start:
            query = query.where(keyset.beyond(SandboxMail.id, start[0], down))
        return [(number,) for number in session.scalars(query)]

    places = keyset.leaf(walk, turn)
    numbers = [number for (number,) in places.items]
    return keyset.filled(places, session.execute(_ROW.where(SandboxMail.id.in_(numbers))))


def count(session: Session, most: int) -> int:
    """How many mails there are, counting no further than `most`."""
    some = select(SandboxMail.id).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def get(session: Session, mail_id: int) -> Any:
    """One mail without its bytes. Raises NotFound."""
    row = session.execute(_ROW.where(SandboxMail.id == mail_id)).one_or_none()
    if row is None:
        raise NotFound(_("There is no mail %(id)s in the sandbox mailbox.", id=mail_id))
    return row


def caught(session: Session, message_id: str) -> int | None:
    """The newest mail with that Message-ID."""
    return session.scalar(select(func.max(SandboxMail.id)).where(SandboxMail.message_id == message_id))


def newest(session: Session) -> int:
    """The number of the newest mail; 0 when there is none."""
    return session.scalar(select(func.max(SandboxMail.id))) or 0
