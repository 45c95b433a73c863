"""What came in, as reports read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.models import InboundMessage, InboundState, InboxAccount
from webapp.queries import keyset
from webapp.queries.keyset import Page, Turn, Walk
from webapp.queries.narrowing import Narrow, walk

LIMIT = 50
MOST = 500
KINDS = (
    "bounce",
    "delivery_report",
    "read_receipt",
    "feedback_report",
    "automatic_answer",
    "reply",
    "other",
)
STATES = tuple(InboundState)
WITH_ERROR = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a report shows; what is empty does not narrow it. `text`: parts of words, each in sender or subject.

    `error`: whether the mail is held with an error, `yes` or `no`.
    """

    account: str = ""
    kind: str = ""
    state: str = ""
    error: str = ""
    answers: int | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


_COLUMNS = [
    getattr(InboundMessage, name)
    for name in (
        *("id", "account_id", "size", "received_at", "stored_at", "message_id", "sender", "subject", "state", "kind"),
        *("effect", "detail", "answers_id", "event_id", "defects", "error", "on_server"),
    )
]
_ROW = select(*_COLUMNS, InboxAccount.name.label("account")).outerjoin(
    InboxAccount, InboxAccount.id == InboundMessage.account_id
)


def page(session: Session, filters: Filters, *, limit: int = LIMIT, after: str | None = None) -> Page[Any]:
    """The newest `limit` mails that pass the filters, after the cursor. Raises InvalidInput for a wrong cursor."""
    return turn_to(session, filters, Turn(after=after, limit=limit))


def turn_to(session: Session, filters: Filters, turn: Turn) -> Page[Any]:
    """One page of the mails that pass the filters. Raises InvalidInput for a wrong cursor."""
    places = keyset.leaf(_walk(session, filters), turn)
    numbers = [number for (number,) in places.items]
    return keyset.filled(places, session.execute(_ROW.where(InboundMessage.id.in_(numbers))))


def count(session: Session, filters: Filters, most: int) -> int:
    """How many mails pass the filters, counting no further than `most`."""
    return len(_walk(session, filters)(None, True, most))


def get(session: Session, number: int) -> Any:
    """One mail as a row of the report. Raises NotFound."""
    row = session.execute(_ROW.where(InboundMessage.id == number)).one_or_none()
    if row is None:
        raise NotFound(_("There is no inbound message %(id)s.", id=number))
    return row


def account_names(session: Session) -> list[str]:
    """The accounts that a report can be narrowed to."""
    return list(session.scalars(select(InboxAccount.name).order_by(InboxAccount.name)))


def _walk(session: Session, filters: Filters) -> Walk:
    wanted: list[tuple[Any, Any]] = [
        (InboundMessage.answers_id, filters.answers),
        (InboundMessage.state, filters.state),
        (InboundMessage.kind, filters.kind),
    ]
    narrows = [Narrow(column, value) for column, value in wanted if value not in ("", None)]
    if filters.account:
        number = session.scalar(select(InboxAccount.id).where(InboxAccount.name == filters.account))
        if number is None:
            return lambda start, down, most: []
        narrows.append(Narrow(InboundMessage.account_id, number))
    # No index helps here: mails are looked at one after the other, until a page is full.
    has_words = [
        (InboundMessage.subject + " " + InboundMessage.sender).icontains(word, autoescape=True)
        for word in filters.text.split()
    ]
    # Mail comes in in any order of its dates, so its number says nothing about them.
    times = [
        *([InboundMessage.received_at >= filters.since] if filters.since else []),
        *([InboundMessage.received_at < filters.until] if filters.until else []),
    ]
    held = InboundMessage.state == InboundState.HELD
    errors = [held if filters.error == "yes" else ~held] if filters.error else []
    also = [*has_words, *times, *errors]
    return walk(session, InboundMessage.id, InboundMessage.stored_at, narrows, also, (None, None))
