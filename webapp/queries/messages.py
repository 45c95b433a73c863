"""The outbox as reports read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import NotFound
from webapp.models import AccountHealth, Content, Message, SmtpAccount, State
from webapp.models.states import ACTIVE, CANCELLABLE
from webapp.queries import keyset, search
from webapp.queries.keyset import Page, Turn, Walk
from webapp.queries.narrowing import Narrow, in_time, lead

LIMIT = 50
SOON = timedelta(hours=1)
OUT = frozenset((State.SENT, State.DELIVERED))
MOST = 500
STATES = tuple(State)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a report shows; what is empty does not narrow it. `text`: words of the subject, each whole or `begin*`."""

    state: str = ""
    channel: str = ""
    recipient: str = ""
    account: str = ""
    event_type: str = ""
    notification: str = ""
    event_id: int | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


# One row of a report: a message with what it says, its account, and the trouble that the account is in.
_ROW = (
    select(
        *[
            getattr(Message, name)
            for name in (
                *("id", "event_id", "event_type", "notification", "channel", "recipient", "recipient_name"),
                *("account_id", "content_id", "reply_to", "return_path", "confirmation_to", "priority"),
                *("at_most_once", "state", "reason", "attempts", "next_attempt_at", "expires_at"),
                *("maybe_repeated", "message_id", "resent_from", "created_at", "sent_at"),
                *("last_stage", "last_code", "last_words"),
            )
        ],
        Content.subject,
        SmtpAccount.name.label("account"),
        SmtpAccount.enabled.label("account_enabled"),
        *[getattr(AccountHealth, name).label(f"trouble_{name}") for name in ("since", "retry_at", "kind")],
        *[getattr(AccountHealth, name).label(f"trouble_{name}") for name in ("stage", "code", "words")],
    )
    .outerjoin(Content, Content.id == Message.content_id)
    .outerjoin(SmtpAccount, SmtpAccount.id == Message.account_id)
    .outerjoin(AccountHealth, AccountHealth.account_id == Message.account_id)
)


def page(session: Session, filters: Filters, *, limit: int = LIMIT, after: str | None = None) -> Page[Any]:
    """The newest `limit` messages that pass the filters, after the cursor. Raises InvalidInput for a wrong cursor."""
    return turn_to(session, filters, Turn(after=after, limit=limit))


def turn_to(session: Session, filters: Filters, turn: Turn) -> Page[Any]:
    """One page of the messages that pass the filters. Raises InvalidInput for a wrong cursor."""
    places = keyset.leaf(_walk(session, filters), turn, 2 if filters.text else 1)
    items = _rows(session, [place[-1] for place in places.items])
    return Page(items, places.next, places.previous)


def count(session: Session, filters: Filters, most: int) -> int:
    """How many messages pass the filters, counting no further than `most`."""
    return len(_walk(session, filters)(None, True, most))


def _walk(session: Session, filters: Filters) -> Walk:
    narrows = _narrows(session, filters)
    times = in_time(session, Message.id, Message.created_at, filters.since, filters.until)

    def walk(start: tuple[int, ...] | None, down: bool, most: int) -> list[tuple[int, ...]]:
        if narrows is None:
            return []
        if filters.text:
            words = search.words_of(filters.text)
            place = (start[0], start[1]) if start else None
            return [*search.find(session, words, narrows, times, place, most, down=down)]
        also = [*times, keyset.beyond(Message.id, start[0], down)] if start else times
        return [(number,) for number in session.scalars(ids(session, narrows, also, down=down).limit(most))]

    return walk


def ids(session: Session, narrows: Sequence[Narrow], also: Sequence[Any], *, down: bool = True) -> Select[int]:
    """The statement for the ids that pass, newest first unless told otherwise; walks one index, sorts nothing."""
    conditions = lead(session, Message.id, narrows, also)
    return select(Message.id).where(*conditions, *also).order_by(keyset.towards(Message.id, down))


def _narrows(session: Session, filters: Filters) -> list[Narrow] | None:
    """None when nothing can pass: there is no account of that name."""
    wanted = [
        (Message.recipient, filters.recipient),
        (Message.event_id, filters.event_id),
        (Message.event_type, filters.event_type),
        (Message.notification, filters.notification),
        (Message.state, filters.state),
        (Message.channel, filters.channel),
    ]
    narrows = [Narrow(column, value) for column, value in wanted if value not in ("", None)]
    if filters.account:
        account_id = session.scalar(select(SmtpAccount.id).where(SmtpAccount.name == filters.account))
        if account_id is None:
            return None
        narrows.append(Narrow(Message.account_id, account_id))
    return narrows


def _rows(session: Session, numbers: Sequence[int]) -> list[Any]:
    by_id = {row.id: row for row in session.execute(_ROW.where(Message.id.in_(numbers)))}
    return [by_id[number] for number in numbers if number in by_id]


def get(session: Session, message_id: int) -> Any:
    """One message as a row of the report. Raises NotFound."""
    row = session.execute(_ROW.where(Message.id == message_id)).one_or_none()
    if row is None:
        raise NotFound(_("There is no message %(id)s.", id=message_id))
    return row


def content(session: Session, content_id: int) -> Any:
    """The words of a message as they were rendered: `subject`, `text`, `html`."""
    columns = (Content.subject, Content.text, Content.html)
    return session.execute(select(*columns).where(Content.id == content_id)).one()


def numbered(session: Session, message_id: str) -> int | None:
    """The number of the message with that Message-ID."""
    return session.scalar(select(Message.id).where(Message.message_id == message_id))


def account_names(session: Session) -> list[str]:
    """The accounts that a report can be narrowed to."""
    return list(session.scalars(select(SmtpAccount.name).order_by(SmtpAccount.name)))


def of_event(session: Session, event_id: int) -> list[Any]:
    """The messages of an event as rows of the report, in the order they were made."""
    return list(session.execute(_ROW.where(Message.event_id == event_id).order_by(Message.id)))


def latest_to(session: Session, addresses: Iterable[str], most: int) -> list[Any]:
    """The newest messages to any of these addresses as rows of the report."""
    wanted = dict.fromkeys(address for address in addresses if address)
    places = [place for address in wanted for place in _walk(session, Filters(recipient=address))(None, True, most)]
    return _rows(session, sorted((number for (number,) in places), reverse=True)[:most])


def is_under_way(row: Any) -> bool:
    """Whether its state will change by itself."""
    return row.state in ACTIVE


def may_be_answered(row: Any) -> bool:
    """Whether an answer or a receipt may come any moment: it left by mail within the last hour."""
    left = row.sent_at
    return row.channel == "email" and left is not None and row.state in OUT and clock.now() - left < SOON


def may_be_cancelled(row: Any) -> bool:
    """Whether it can still be taken out of the queue."""
    return row.state in CANCELLABLE


def waits_for_account(row: Any) -> bool:
    """Whether the message is due and only its account's trouble holds it up."""
    due = row.state == State.QUEUED and row.next_attempt_at is not None and row.next_attempt_at <= clock.now()
    return bool(due and row.trouble_since is not None)


def next_attempt(row: Any) -> datetime | None:
    """When the message is tried next; the account's own wait counts too."""
    if row.state != State.QUEUED:
        return None
    if waits_for_account(row) and row.trouble_retry_at is not None:
        return max(row.next_attempt_at, row.trouble_retry_at)
    return row.next_attempt_at
