"""Replies are passed on to the reply address of the account that the mail left by, where the inbox account says so."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.mail.compose import Words
from webapp.models import InboxAccount, Message, SmtpAccount
from webapp.services import outbox


def forward(
    session: Session, account_id: int | None, message_id: int, sender: str, subject: str, text: str
) -> int | None:
    """Queue a mail with the new text of a reply; its number, None where nothing is to be passed on.

    It bears `Auto-Submitted` as every mail of ours does, so nobody answers it automatically.
    """
    wanted = select(InboxAccount.forward_replies).where(InboxAccount.id == account_id)
    if account_id is None or not session.scalar(wanted):
        return None
    address = session.scalar(
        select(SmtpAccount.reply_email)
        .join(Message, Message.account_id == SmtpAccount.id)
        .where(Message.id == message_id)
    )
    if not address:
        return None
    words = Words(subject, _("%(sender)s answered message %(id)s:", sender=sender, id=message_id) + f"\n\n{text}")
    [queued] = outbox.enqueue(session, [outbox.NewMessage(channel="email", recipient=address, words=words)])
    return queued.id
