"""A message as it would leave now: the envelope and the bytes, composed as the senders do, and sent nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.mail.compose import Words
from webapp.mail.show import show, source
from webapp.models import Attempt, Message, SmtpAccount, State
from webapp.services import outbox
from webapp.services.accounts import Account, read_accounts
from webapp.services.claims import Claimed
from webapp.services.courier import Composer, Mail

LEFT = frozenset({State.SENT, State.DELIVERED, State.READ, State.BOUNCED, State.UNKNOWN})
NO_TOKEN = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """`mail` is None when none can be made: without any account, or (`problem`) because it cannot be written.

    `left`: the message was handed over already. What was sent is not kept, so this is what the same words make
    with the account as it is now.
    """

    account: str
    mail: Mail | None
    left: bool
    problem: str = ""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers of the mail, decoded."""
        return show(self.mail.data).headers if self.mail else ()

    @property
    def source(self) -> str:
        """The mail as text for a page."""
        return source(self.mail.data) if self.mail else ""


def preview(session: Session, message_id: int) -> Preview:
    """The mail of a message that goes by e-mail. Raises NotFound."""
    message = outbox.get(session, message_id)
    left = message.state in LEFT
    account = account_of(session, _tried(session, message) or message.account_id)
    if account is None:
        return Preview("", None, left)
    content = message.content
    words = Words(content.subject, content.text, content.html)
    try:
        mail = Composer(current_app.config["SECRET_KEY"]).compose(account, _claimed(message), words)
    except ValueError as error:
        return Preview(account.name, None, left, str(error))
    return Preview(account.name, mail, left)


def source_of(session: Session, message_id: int) -> bytes:
    """The bytes alone; empty when none can be made. Raises NotFound."""
    mail = preview(session, message_id).mail
    return mail.data if mail else b""


def account_of(session: Session, number: int | None) -> Account | None:
    """The account of that number, as the senders see it; without one the default; None when there is none."""
    number = number or session.scalar(select(SmtpAccount.id).where(SmtpAccount.is_default))
    if number is None:
        return None
    config = current_app.config
    return read_accounts(session.connection(), config["ARAUTO_MASTER_KEY"], config["ARAUTO_MAIL_HOST"]).get(number)


def _tried(session: Session, message: Message) -> int | None:
    """The account that tried last, which may be the fallback."""
    tried = select(Attempt.account_id).where(Attempt.message_id == message.id).order_by(Attempt.id.desc()).limit(1)
    return session.scalar(tried)


def _claimed(message: Message) -> Claimed:
    names = [name for name in Claimed.__dataclass_fields__ if name != "token"]
    return Claimed(token=NO_TOKEN, **{name: getattr(message, name) for name in names})
