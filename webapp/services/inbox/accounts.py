"""Inbox accounts as the reader sees them: plain values, secrets opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from webapp.errors import NotFound
from webapp.mailboxes.base import MailboxSettings, place
from webapp.models import Credential, InboundMessage, InboxAccount, InboxProgress
from webapp.services.accounts import secret_place
from webapp.services.inbox import store
from webapp.services.sandbox import accounts as sandbox
from webapp.services.vault import SealBroken, open_with


@dataclass(frozen=True, slots=True)
class Account:
    """One account, ready for use. `revision` changes with anything that an open connection depends on."""

    id: int
    name: str
    revision: tuple[int, int]
    settings: MailboxSettings
    keep_copy: bool
    move_to: str
    ignore_before: datetime | None
    interval: timedelta
    mark: str = ""
    tells: bool = False
    broken_secret: str = ""


def read(session: Session, number: int) -> Account:
    """The account of that number, enabled or not. Raises NotFound."""
    row = session.execute(_QUERY.where(InboxAccount.id == number)).one_or_none()
    if row is None:
        raise NotFound(_("There is no inbox account %(number)s.", number=number))
    return _account(row)


def numbered(session: Session, name: str) -> int:
    """The number of the account of that name. Raises NotFound."""
    found = session.scalar(select(InboxAccount.id).where(InboxAccount.name == name))
    if found is None:
        known = ", ".join(session.scalars(select(InboxAccount.name).order_by(InboxAccount.name)))
        names = known or _("there is none yet")
        raise NotFound(_("There is no inbox account %(name)r. Known: %(names)s.", name=name, names=names))
    return found


def enabled(session: Session) -> dict[int, str]:
    """The accounts that may be read, in the order of their names; that of the sandbox where this process serves it."""
    may_be_read = select(InboxAccount.id, InboxAccount.name).where(*usable(sandbox_is_here()))
    return {row.id: row.name for row in session.execute(may_be_read.order_by(InboxAccount.name))}


def lease_of(number: int) -> str:
    """The lease under which an account is read: its only slot is `inbox:7:0`."""
    return f"inbox:{number}"


def kept_on_server(session: Session, number: int) -> int:
    """How many mails are kept here and, as far as is known, still in the mailbox that the account reads now."""
    row = session.execute(
        select(InboxAccount.protocol, InboxAccount.host, InboxAccount.port, InboxAccount.folder, Credential.username)
        .outerjoin(Credential, InboxAccount.credential_id == Credential.id)
        .where(InboxAccount.id == number)
    ).one_or_none()
    if row is None:
        return 0
    folder = row.folder if row.protocol == "imap" else None
    kept = store.still_in(number, place(row.host, row.port, row.username or ""), folder)
    return session.scalar(select(func.count()).select_from(InboundMessage).where(kept)) or 0


def sandbox_is_here() -> bool:
    """Whether this process serves the sandbox's mailbox."""
    return bool(current_app.config["ARAUTO_SANDBOX"])


def usable(with_sandbox: bool) -> list[ColumnElement[bool]]:
    """The conditions that an account may be read. The mailbox of the sandbox is there while that runs."""
    conditions: list[ColumnElement[bool]] = [InboxAccount.enabled.is_(True)]
    if not with_sandbox:
        conditions.append(~((InboxAccount.name == sandbox.NAME) & (InboxAccount.host == sandbox.HOST)))
    return conditions


_QUERY = (
    select(
        InboxAccount,
        Credential.username,
        Credential.sealed_secret,
        Credential.version.label("credential_version"),
        InboxProgress.mark,
        InboxProgress.tells,
    )
    .outerjoin(Credential, InboxAccount.credential_id == Credential.id)
    .outerjoin(InboxProgress, InboxProgress.account_id == InboxAccount.id)
)


def _account(row: Any) -> Account:
    account: InboxAccount = row.InboxAccount
    secret, broken = "", ""
    try:
        if row.sealed_secret is not None and account.credential_id is not None:
            secret = open_with(
                current_app.config["ARAUTO_MASTER_KEY"], row.sealed_secret, secret_place(account.credential_id)
            )
    except SealBroken as error:
        broken = str(error)
    return Account(
        id=account.id,
        name=account.name,
        revision=(account.version, row.credential_version or 0),
        settings=MailboxSettings(
            protocol=cast(Literal["imap", "pop3"], account.protocol),
            host=account.host,
            port=account.port,
            username=row.username or "",
            secret=secret,
            folder=account.folder,
            secure=account.secure,
            security=cast(Literal["tls", "ssl"], account.security),
            ignore_certificate_errors=account.ignore_certificate_errors,
        ),
        keep_copy=account.keep_copy,
        move_to=account.move_to,
        # Servers tell when mail arrived in whole seconds (RFC 3501 section 9, date-time).
        ignore_before=account.created_at.replace(microsecond=0) if account.ignore_older else None,
        interval=timedelta(seconds=account.interval_seconds),
        mark=row.mark or "",
        tells=bool(row.tells),
        broken_secret=broken,
    )
