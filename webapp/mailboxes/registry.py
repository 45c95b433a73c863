"""The kinds of mailboxes by the name of their protocol."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.mailboxes.base import Mailbox, MailboxSettings, OnLine
from webapp.mailboxes.imap import ImapMailbox
from webapp.mailboxes.pop3 import Pop3Mailbox

MAILBOXES: Mapping[str, type[Mailbox]] = {"imap": ImapMailbox, "pop3": Pop3Mailbox}


def open_mailbox(settings: MailboxSettings, on_line: OnLine | None = None) -> Mailbox:
    """A mailbox to be entered by `with`. `on_line` is told the dialogue, secrets masked."""
    return MAILBOXES[settings.protocol](settings, on_line)
