"""Replies are passed on to the reply address of the account that the mail left by, where the inbox account says so."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.mail.address import AddressError, author_of
from webapp.mail.compose import Words
from webapp.models import InboxAccount, Message, SmtpAccount, TimelineEntry
from webapp.services import outbox

NOTE = "passes_on"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it came in: its number, who wrote it, its subject, and what is new in it."""

    number: int
    sender: str
    subject: str
    text: str


def forward(session: Session, account_id: int | None, message_id: int, reply: Reply) -> int | None:
    """Queue a mail with a reply to message `message_id`; its number, None where nothing is to be passed on.

    Who gets it answers the person who wrote the reply. A reply to what was passed on is not passed on again, nor is one
    that comes from where it would go: an answering program there would otherwise keep it going for ever.
    """
    wanted = select(InboxAccount.forward_replies).where(InboxAccount.id == account_id)
    if account_id is None or not session.scalar(wanted):
        return None
    row = session.execute(
        select(SmtpAccount.id, SmtpAccount.reply_email)
        .join(Message, Message.account_id == SmtpAccount.id)
        .where(Message.id == message_id)
    ).one_or_none()
    author = _author(reply.sender)
    if row is None or not row.reply_email or author == row.reply_email or _is_passed_on(session, message_id):
        return None
    said = _("%(sender)s answered message %(id)s:", sender=reply.sender, id=message_id)
    words = Words(reply.subject, f"{said}\n\n{reply.text}")
    new = outbox.NewMessage(
        channel="email", recipient=row.reply_email, words=words, account_id=row.id, reply_to=author or None
    )
    [queued] = outbox.enqueue(session, [new])
    detail = {"inbound": reply.number, "from": reply.sender, "message": message_id}
    session.add(TimelineEntry(message_id=queued.id, kind=NOTE, detail=detail))
    return queued.id


def _is_passed_on(session: Session, message_id: int) -> bool:
    noted = exists().where(TimelineEntry.message_id == message_id, TimelineEntry.kind == NOTE)
    return bool(session.scalar(select(noted)))


def _author(sender: str) -> str:
    """The address of who wrote a mail; empty where none can be read."""
    try:
        return author_of(sender)
    except AddressError:
        return ""
