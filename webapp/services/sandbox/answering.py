"""A mail of the sandbox is answered, as its recipient or a server on the way would: by mail, through the sandbox."""

from __future__ import annotations

import secrets

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.channels.base import AccountTrouble, Outcome, StaleConnection
from webapp.channels.smtp import SmtpConnection
from webapp.channels.smtp_settings import SmtpSettings, Timeouts
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.extensions import db
from webapp.mail import answer as answers
from webapp.mail.address import AddressError
from webapp.mail.answer import Letter, Question, Unanswerable
from webapp.models import Credential, InboxAccount, SandboxMail
from webapp.services import audit
from webapp.services.checks import check_text
from webapp.services.sandbox import accounts
from webapp.services.sandbox.boxes import mailbox_of
from webapp.services.unit import write

LONGEST_WORDS = 20_000
TIMEOUTS = Timeouts(connect=3.0, greeting=5.0, command=5.0, dot=15.0)


def answer(mail_id: int, kind: str, words: str = "") -> bool:
    """Answer a caught mail; the sandbox has the answer when this returns. Whether Arauto is going to read it.

    `kind` is one of `webapp.mail.answer.KINDS`; `words` are needed for those that are worded. Raises NotFound,
    InvalidInput with the fields `kind` and `words`, and Conflict while the sandbox mail server does not run.
    """
    subject, letter = _letter(db.session(), mail_id, kind, words)
    port, _imap = accounts.ports(db.session())
    db.session.rollback()
    if port is None:
        raise Conflict(_not_running())
    _deliver(port, letter)
    with write() as session:
        changes = {"kind": (None, kind), "to": (None, letter.recipient)}
        audit.record(session, audit.Deed("answered", "sandbox", subject, mail_id, changes))
    return is_read(db.session(), letter.recipient)


def is_read(session: Session, address: str) -> bool:
    """Whether mail to that address is read by the inbox account *Sandbox*."""
    reader = session.scalar(
        select(Credential.username)
        .join(InboxAccount, InboxAccount.credential_id == Credential.id)
        .where(InboxAccount.name == accounts.NAME, InboxAccount.host == accounts.HOST)
        .where(InboxAccount.enabled, InboxAccount.automatic_check)
    )
    return reader is not None and mailbox_of(reader) == mailbox_of(address)


def _letter(session: Session, mail_id: int, kind: str, words: str) -> tuple[str, Letter]:
    row = session.execute(
        select(SandboxMail.raw, SandboxMail.sender, SandboxMail.recipients, SandboxMail.subject).where(
            SandboxMail.id == mail_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no mail %(id)s in the sandbox mailbox.", id=mail_id))
    if kind not in answers.KINDS:
        raise InvalidInput.at("kind", _("Use one of %(values)s.", values=", ".join(answers.KINDS)))
    problem = check_text("words", words, most=LONGEST_WORDS, needed=kind in answers.WORDED)
    if problem is not None:
        raise InvalidInput([problem])
    message_id = f"<{secrets.token_hex(16)}@{answers.SERVER}>"
    recipient = next(iter(row.recipients), "")
    question = Question(row.raw, row.sender, recipient, words, message_id, clock.now())
    try:
        return row.subject, answers.answer(kind, question)
    except Unanswerable as error:
        raise InvalidInput.at("kind", _(error.template)) from None
    except AddressError as error:
        words = _("The mail names no address that can be answered.") + " " + _(error.template, **error.values)
        raise InvalidInput.at("kind", words) from None


def _deliver(port: int, letter: Letter) -> None:
    connection = SmtpConnection(SmtpSettings(accounts.HOST, port, timeouts=TIMEOUTS))
    try:
        connection.open()
        result = connection.envelope(letter.sender, letter.recipient, size=len(letter.raw))
        result = result or connection.finish(letter.raw)
        connection.close()
    except (AccountTrouble, StaleConnection):
        raise Conflict(_not_running()) from None
    if result.outcome is not Outcome.ACCEPTED:
        raise Conflict(_("The sandbox mail server did not take the answer: %(words)s", words=result.words))


def _not_running() -> str:
    return _("The sandbox mail server is not running, so it takes no answer. Start it: arauto serve --sandbox")
