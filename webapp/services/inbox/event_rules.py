"""Mail becomes events, for devices that can only send mail: the first rule of the account that it passes decides."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from webapp.database.hot import HotStatement
from webapp.mail.classify import Kind
from webapp.mail.digest import Digest
from webapp.models import InboxAccount
from webapp.services import events
from webapp.services.events import LONGEST_BODY, LONGEST_NAME, LONGEST_TITLE, NewEvent
from webapp.services.inbox_accounts import passes
from webapp.services.unit import driver

# Reports and automatic answers are about mail: a device reports about itself.
KINDS = frozenset({Kind.OTHER, Kind.REPLY})
_RULES = HotStatement(select(InboxAccount.name, InboxAccount.event_rules).where(InboxAccount.id == bindparam("number")))


def event_of(session: Session, number: int, account_id: int | None, mail: Digest) -> int | None:
    """The number of the event that the mail became; None when no rule wants it. The same mail is one event."""
    if account_id is None or mail.reading.kind not in KINDS:
        return None
    row = _RULES.one(driver(session), number=account_id)
    name, rules = row or ("", ())
    sender, subject = mail.sender, mail.subject
    for rule in rules:
        if passes(rule["sender"], sender) and passes(rule["subject"], subject):
            new = NewEvent(
                type=rule["type"],
                title=(subject or sender or rule["type"])[:LONGEST_TITLE],
                body=(mail.text or "")[:LONGEST_BODY],
                severity=rule["severity"],
                attributes={"sender": sender[:LONGEST_NAME], **rule["attributes"]},
                source=name,
                dedup_key=f"inbound:{number}",
            )
            return events.record(new).id
    return None
