"""Test setting: an inbox account is entered and left again; nothing is read, and nothing changes on the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from webapp.errors import Conflict, InvalidInput
from webapp.extensions import db
from webapp.mailboxes.base import INBOX, Line, MailboxSettings, MailboxTrouble, OnLine, TroubleKind
from webapp.mailboxes.registry import open_mailbox
from webapp.models import Credential
from webapp.services import audit, configuration, live
from webapp.services.accounts import secret_place
from webapp.services.inbox import accounts, checking
from webapp.services.inbox.checking import Progress
from webapp.services.inbox_accounts import InboxAccountEntry
from webapp.services.refusals import problems_of
from webapp.services.unit import write
from webapp.services.vault import SealBroken, unseal

# What a server is reached by.
SERVER = ("protocol", "host", "port", "secure", "security", "ignore_certificate_errors", "credential")

__all__ = ["Found", "Line", "folders", "try_out", "watch_check", "watch_test"]


@dataclass(frozen=True, slots=True)
class Found:
    """What is there: how many messages, and the folders that could be read; or the trouble on the way.

    Where the folder is the trouble, the others are told as well.
    """

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
    return _look_into(account.settings, on_line)


def folders(values: Mapping[str, Any]) -> Found:
    """The folders of the server that these fields of an account name, stored or not.

    Raises InvalidInput for what is wrong with server, connection or credential; other fields do not matter.
    """
    given = {"name": "-", **{name: values[name] for name in SERVER if name in values}}
    known = {"credentials": frozenset(configuration.names("credentials"))}
    try:
        entry = InboxAccountEntry.model_validate(given, context=known)
    except ValidationError as error:
        raise InvalidInput(problems_of(error, InboxAccountEntry, "")) from None
    credential = db.session.scalars(select(Credential).where(Credential.name == entry.credential)).one()
    try:
        secret = unseal(credential.sealed_secret or b"", secret_place(credential.id))
    except SealBroken as broken:
        raise InvalidInput.at("credential", str(broken)) from None
    server = entry.model_dump(include={*SERVER} - {"credential"})
    with write() as session:
        audit.record(session, audit.Deed("tested", "inbox_accounts", str(values.get("name") or entry.host)))
    return _look_into(MailboxSettings(username=credential.username, secret=secret, **server))


def _look_into(settings: MailboxSettings, on_line: OnLine | None = None) -> Found:
    try:
        with open_mailbox(settings, on_line) as mailbox:
            return Found(mailbox.count(), tuple(mailbox.folders()))
    except MailboxTrouble as trouble:
        wrong_folder = trouble.kind is TroubleKind.FOLDER and settings.folder != INBOX
        return Found(
            folders=_look_into(replace(settings, folder=INBOX)).folders if wrong_folder else (), trouble=trouble
        )


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
