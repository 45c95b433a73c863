"""The outbox: messages enter the queue, are cancelled, resent, given up."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import and_, insert, select, update
from sqlalchemy.orm import Session

from webapp import clock
from webapp.channels import registry
from webapp.database.hot import HotStatement
from webapp.errors import Conflict, NotFound
from webapp.mail.compose import Words
from webapp.models import Content, Message, SmtpAccount, State, TimelineEntry
from webapp.models.states import CANCELLABLE
from webapp.services import actor, audit, circuit, wake
from webapp.services.inbox import suppression
from webapp.services.unit import after_commit, driver, insert_rows, write

LIFETIME = timedelta(days=5)  # RFC 5321 section 4.5.4.1: give up after 4 to 5 days
PRIORITIES: Mapping[str, int] = {"low": 0, "normal": 1, "high": 2}
EXPIRE_BATCH = 500
_DEFAULT = HotStatement(select(SmtpAccount.id).where(SmtpAccount.is_default))


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message before it is in the queue."""

    channel: str
    recipient: str
    words: Words
    recipient_name: str = ""
    contact_id: int | None = None
    event_id: int | None = None
    event_type: str = ""
    notification: str = ""
    account_id: int | None = None
    reply_to: str | None = None
    return_path: str | None = None
    confirmation_to: str | None = None
    priority: int = PRIORITIES["normal"]
    at_most_once: bool = False
    send_at: datetime | None = None
    expires_at: datetime | None = None
    resent_from: int | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """What a caller is told of a message: its number, who gets it, and whether it waits or was suppressed."""

    id: int
    channel: str
    recipient: str
    state: str


def enqueue(session: Session, new: Iterable[NewMessage]) -> list[Queued]:
    """Put messages into the queue of this unit of work, and wake the senders once it is committed."""
    batch = list(new)
    if not batch:
        return []
    now = clock.now()
    contents = _contents(session, batch)
    spoken = driver(session)
    default = _DEFAULT.one(spoken)
    default_id = default[0] if default else None
    bounced = suppression.among(spoken, {message.recipient for message in batch if message.channel == "email"})
    rows = [_row(message, contents[id(message.words)], default_id, bounced, now) for message in batch]
    ids = insert_rows(session, Message.id, rows)
    after_commit(wake.wake_all)
    return [
        Queued(number, row["channel"], row["recipient"], row["state"]) for number, row in zip(ids, rows, strict=True)
    ]


def _contents(session: Session, batch: list[NewMessage]) -> dict[int, int]:
    """One content row for each distinct words object, by its identity: the renderer shares them."""
    distinct = {id(message.words): message.words for message in batch}
    rows = [{"subject": words.subject, "text": words.text, "html": words.html} for words in distinct.values()]
    return dict(zip(distinct, insert_rows(session, Content.id, rows), strict=True))


def _row(
    message: NewMessage, content_id: int, default_id: int | None, bounced: Collection[str], now: datetime
) -> dict[str, Any]:
    reason = _suppressed(message, bounced)
    account_id = message.account_id or default_id
    return {
        "event_id": message.event_id,
        "event_type": message.event_type,
        "notification": message.notification,
        "channel": message.channel,
        "recipient": message.recipient,
        "recipient_name": message.recipient_name,
        "contact_id": message.contact_id,
        "account_id": account_id if message.channel == "email" else None,
        "content_id": content_id,
        "reply_to": message.reply_to,
        "return_path": message.return_path,
        "confirmation_to": message.confirmation_to,
        "priority": message.priority,
        "at_most_once": message.at_most_once,
        "state": (State.SUPPRESSED if reason else State.QUEUED).value,
        "reason": reason,
        "next_attempt_at": None if reason else message.send_at or now,
        "expires_at": message.expires_at or (message.send_at or now) + LIFETIME,
        "message_id": new_message_id(),
        "resent_from": message.resent_from,
        "created_at": now,
    }


def _suppressed(message: NewMessage, bounced: Collection[str]) -> str:
    """Why the message is not sent at all; empty when it is."""
    if not registry.deliverable(message.channel):
        return "no_transport"
    return "bounced_before" if message.channel == "email" and message.recipient in bounced else ""


def new_message_id() -> str:
    """A Message-ID (RFC 5322 section 3.6.4), made once per message so that a repeat bears the same one."""
    return f"<{secrets.token_hex(16)}@{current_app.config['ARAUTO_MAIL_HOST']}>"


def adopt(session: Session, account_id: int) -> None:
    """Messages that were accepted while there was no account leave by this one, the new default."""
    session.execute(
        update(Message)
        .where(Message.state == State.QUEUED, Message.account_id.is_(None), Message.channel == "email")
        .values(account_id=account_id)
    )
    after_commit(wake.wake_all)


def retry_account(session: Session, account_id: int) -> None:
    """The account's settings changed: try it at once, whatever its circuit says."""
    circuit.closed(session.connection(), account_id)
    after_commit(wake.wake_all)


def get(session: Session, message_id: int) -> Message:
    """The message; NotFound when there is none."""
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound(_("There is no message %(id)s.", id=message_id))
    return message


def cancel(message_id: int) -> Message:
    """Take a queued message out of the queue. Raises Conflict when it is under way or at its end."""
    with write() as session:
        message = get(session, message_id)
        moved = session.scalar(
            update(Message)
            .where(Message.id == message_id, Message.state.in_(CANCELLABLE))
            .values(state=State.CANCELLED, reason="cancelled", next_attempt_at=None)
            .returning(Message.id)
        )
        if moved is None:
            session.refresh(message)
            words = _(
                "Message %(id)s is %(state)s: only a queued message can be cancelled.",
                id=message_id,
                state=_(message.state),
            )
            raise Conflict(words)
        session.add(TimelineEntry(message_id=message_id, kind="cancelled", detail={"by": str(actor.current())}))
        audit.record(session, audit.Deed("cancelled", "messages", message.recipient, message_id))
    return message


def resend(message_id: int) -> Queued:
    """A new message with the same words to the same address; the old one stays as it is. Raises Conflict while the
    old one may still be sent by itself."""
    with write() as session:
        old = get(session, message_id)
        if old.state in (State.QUEUED, State.SENDING):
            words = _(
                "Message %(id)s is still %(state)s: it will be sent without a resend.",
                id=message_id,
                state=_(old.state),
            )
            raise Conflict(words)
        content = session.get_one(Content, old.content_id)
        new = NewMessage(
            words=Words(content.subject, content.text, content.html),
            resent_from=old.id,
            account_id=old.account_id if old.account and old.account.enabled else None,
            **{name: getattr(old, name) for name in _KEPT_BY_RESEND},
        )
        [message] = enqueue(session, [new])
        detail = {"by": str(actor.current()), "as": message.id}
        session.add(TimelineEntry(message_id=old.id, kind="resent", detail=detail))
        audit.record(session, audit.Deed("resent", "messages", old.recipient, old.id, {"copy": (None, message.id)}))
    return message


_KEPT_BY_RESEND = (
    "channel",
    "recipient",
    "recipient_name",
    "contact_id",
    "event_id",
    "event_type",
    "notification",
    "reply_to",
    "return_path",
    "confirmation_to",
    "priority",
    "at_most_once",
)


def expire() -> int:
    """End messages whose time is over, a batch at a time; how many."""
    ended = 0
    while True:
        with write() as session:
            now = clock.now()
            over = and_(Message.state == State.QUEUED, Message.expires_at <= now)
            batch = select(Message.id).where(over).limit(EXPIRE_BATCH)
            ids = list(session.scalars(batch.with_for_update(skip_locked=True)))
            if not ids:
                return ended
            session.execute(
                update(Message)
                .where(Message.id.in_(ids))
                .values(state=State.FAILED, reason="expired", next_attempt_at=None)
            )
            session.execute(insert(TimelineEntry), [{"message_id": number, "kind": "expired"} for number in ids])
            ended += len(ids)
