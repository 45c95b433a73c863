"""What the sandbox mail server caught: read as people see it, and thrown away. The lists are `queries.sandbox`."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.mail import show
from webapp.mail.parse import LONGEST_TEXT
from webapp.mail.show import Shown
from webapp.models import SandboxMail
from webapp.services import audit
from webapp.services.unit import write


def raw(session: Session, mail_id: int) -> bytes:
    """The bytes of a mail as they came in. Raises NotFound."""
    found = session.scalar(select(SandboxMail.raw).where(SandboxMail.id == mail_id))
    if found is None:
        raise NotFound(_("There is no mail %(id)s in the sandbox mailbox.", id=mail_id))
    return found


def read(session: Session, mail_id: int) -> Shown:
    """The mail as people see it. Raises NotFound."""
    return show.show(raw(session, mail_id))


def source(session: Session, mail_id: int) -> tuple[str, bool]:
    """The bytes as text for a page, and whether that is all of them. Raises NotFound."""
    data = raw(session, mail_id)
    return show.source(data), len(data) <= LONGEST_TEXT


def remove(mail_id: int) -> None:
    """Delete one mail. Raises NotFound."""
    with write() as session:
        removed = delete(SandboxMail).where(SandboxMail.id == mail_id).returning(SandboxMail.subject)
        subject = session.scalars(removed).one_or_none()
        if subject is None:
            raise NotFound(_("There is no mail %(id)s in the sandbox mailbox.", id=mail_id))
        audit.record(session, audit.Deed("removed", "sandbox", subject, mail_id))


def empty(up_to: int) -> int:
    """Delete every mail whose id is at most `up_to`; how many. What came in meanwhile stays."""
    with write() as session:
        removed = session.connection().execute(delete(SandboxMail).where(SandboxMail.id <= up_to)).rowcount
        if removed:
            audit.record(session, audit.Deed("emptied", "sandbox", "", changes={"mails": (removed, 0)}))
        return removed
