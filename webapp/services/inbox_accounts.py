"""Inbox accounts: mailboxes that are read, and what is done with what was read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from flask_babel import gettext as _
from pydantic import AfterValidator, ValidationInfo
from sqlalchemy.orm import Session

from webapp.mailboxes.base import INBOX
from webapp.models import InboxAccount
from webapp.services.entries import Entry, Section, World, fill, row_of, without
from webapp.services.fields import (
    AsTuple,
    EmptyLine,
    Host,
    Name,
    Port,
    SeverityName,
    between,
    line,
    one_of,
    reference,
)

LONGEST_INTERVAL = 86_400
LONGEST_PATTERN = 200


def _pattern(text: str) -> str:
    """`*` stands for any characters; everything else for itself."""
    if text and not text.strip("*"):
        raise ValueError(_("This passes everything: leave it empty instead."))
    return text


def _inbox(text: str) -> str:
    """INBOX is one folder in any case of letters (RFC 3501 section 5.1)."""
    return INBOX if text.upper() == INBOX else text


def _needs_folders(text: str, info: ValidationInfo) -> str:
    if text and info.data.get("protocol") == "pop3":
        raise ValueError(_("POP3 has no folders to move mail to."))
    if text and text == info.data.get("folder"):
        raise ValueError(_("Mail is already in this folder: name another one."))
    return text


class EventRule(Entry):
    """Mail that passes both patterns becomes an event of this type. Its subject is the title, its text the body."""

    sender: Annotated[EmptyLine, AfterValidator(_pattern)] = ""
    subject: Annotated[EmptyLine, AfterValidator(_pattern)] = ""
    type: Annotated[str, reference("event_types", "event type")]
    severity: SeverityName | None = None
    attributes: dict[Annotated[str, line(needed=True)], Annotated[str, line(1000)]] = {}


class InboxAccountEntry(Entry):
    """An inbox account as people write it; the defaults are those of the configuration file."""

    name: Name
    enabled: bool = True
    automatic_check: bool = True
    keep_copy: bool = True
    protocol: Annotated[str, one_of("imap", "pop3")] = "imap"
    host: Host
    port: Port = 1143
    folder: Annotated[str, line(LONGEST_PATTERN, needed=True), AfterValidator(_inbox)] = INBOX
    move_to: Annotated[EmptyLine, AfterValidator(_inbox), AfterValidator(_needs_folders)] = ""
    secure: bool = False
    security: Annotated[str, one_of("tls", "ssl")] = "tls"
    ignore_certificate_errors: bool = False
    credential: Annotated[str, reference("credentials", "credential")]
    interval_seconds: Annotated[int, between(1, LONGEST_INTERVAL)] = 60
    ignore_older: bool = True
    forward_replies: bool = False
    events: Annotated[tuple[EventRule, ...], AsTuple] = ()


class InboxAccounts(Section):
    """Mailboxes."""

    name, noun = "inbox_accounts", "inbox account"
    entry, row = InboxAccountEntry, InboxAccount
    references = {"credential": "credentials"}

    def entry_of(self, row: InboxAccount) -> dict[str, Any]:
        others = {
            "credential": row.credential.name if row.credential else None,
            "events": tuple(dict(rule) for rule in row.event_rules),
        }
        return {name: others[name] if name in others else getattr(row, name) for name in self.entry.model_fields}

    def uses(self, entry: Mapping[str, Any]) -> list[tuple[str, str | None]]:
        return [*super().uses(entry), *(("event_types", rule["type"]) for rule in entry["events"])]

    def put(self, session: Session, row: InboxAccount, entry: Mapping[str, Any], world: World) -> None:
        fill(row, without(entry, "credential", "events"))
        row.credential = row_of(world, "credentials", entry["credential"])
        row.event_rules = [dict(rule) for rule in entry["events"]]
        session.add(row)


def passes(pattern: str, text: str) -> bool:
    """Whether `text` holds the pattern, in any case of letters; an empty pattern passes everything."""
    parts = (re.escape(part) for part in pattern.split("*"))
    return not pattern or re.search(".*".join(parts), text, re.IGNORECASE | re.DOTALL) is not None
