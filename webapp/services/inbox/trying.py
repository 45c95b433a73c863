"""Test setting: an inbox account is entered and left again; nothing is read, and nothing changes on the server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from webapp.errors import Conflict
from webapp.extensions import db
from webapp.mailboxes.base import Line, MailboxTrouble, OnLine
from webapp.mailboxes.registry import open_mailbox
from webapp.services import audit, live
from webapp.services.inbox import accounts, checking
from webapp.services.inbox.checking import Progress
from webapp.services.unit import write

__all__ = ["Found", "Line", "folders", "try_out", "watch_check", "watch_test"]


@dataclass(frozen=True, slots=True)
class Found:
    """What is there: how many messages, and the folders that could be read; or the trouble on the way."""

    count: int = 0
    folders: tuple[str, ...] = ()
    trouble: MailboxTrouble | None = None


def try_out(number: int, on_line: OnLine) -> Found:
    """Sign in, count, list the folders. Raises NotFound, and Conflict for a secret that does not open."""
    account = accounts.read(db.session(), number)
    with write() as session:
        audit.record(session, audit.Deed("tested", "inbox_accounts", account.name, account.id))
    if account.broken_secret:
        raise Conflict(account.broken_secret)
    try:
        with open_mailbox(account.settings, on_line) as mailbox:
            return Found(mailbox.count(), tuple(mailbox.folders()))
    except MailboxTrouble as trouble:
        return Found(trouble=trouble)


def folders(number: int) -> Found:
    """The folders of an account, for its form."""
    return try_out(number, lambda _: None)


def watch_test(number: int) -> Iterator[Line | live.Over]:
    """`try_out`, told while it goes on. Raises NotFound."""
    accounts.read(db.session(), number)
    return live.tell(lambda say: try_out(number, say))


def watch_check(number: int) -> Iterator[Progress | live.Over]:
    """`checking.check`, told while it goes on: how far it is after each group of mails. Raises NotFound."""
    account = accounts.read(db.session(), number)
    with write() as session:
        audit.record(session, audit.Deed("checked", "inbox_accounts", account.name, account.id))
    return live.tell(lambda say: checking.check(number, on_progress=lambda progress: say(replace(progress))))
