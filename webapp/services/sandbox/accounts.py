"""The accounts of the sandbox: where there is no other, mail leaves by it, and comes back by it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.models import Credential, InboxAccount, SmtpAccount
from webapp.services import audit, outbox, vault
from webapp.services.accounts import secret_place
from webapp.services.inbox import health
from webapp.services.unit import lock_configuration, write

NAME = "Sandbox"
OTHER_NAME = "Sandbox mailbox"  # of the credential, where the first one is somebody else's
HOST = "127.0.0.1"
SENDER = "arauto@sandbox.local"
_SECRET_OCTETS = 16
_RECORDED = ("enabled", "is_default", "sender_email", "protocol", "host", "port")


def is_default(session: Session) -> bool:
    """Whether mail goes to the sandbox instead of to people."""
    default = select(SmtpAccount.id).where(SmtpAccount.is_default, SmtpAccount.name == NAME)
    return session.scalar(default) is not None


def ports(session: Session) -> tuple[int | None, int | None]:
    """Where the accounts say that the sandbox takes mail, and where it gives it; None without such an account."""
    return session.scalar(_port(SmtpAccount)), session.scalar(_port(InboxAccount))


def settled(session: Session, smtp: int, imap: int) -> bool:
    """Whether `see_to` has nothing to do: one statement, because this is asked every second."""
    row = session.execute(_STATE).one()
    has_its_default = row.has_default or row.has_foreign
    wants_inbox = row.smtp is not None and not row.has_inbox
    return has_its_default and not wants_inbox and row.smtp in (None, smtp) and row.imap in (None, imap)


def see_to(smtp: int, imap: int) -> None:
    """The accounts of the sandbox point at these ports.

    The SMTP account is made, as the default, where there is no default; the inbox account where mail leaves by the
    sandbox and there is no inbox account. An account of that name on another host is somebody else's.
    """
    with write() as session:
        lock_configuration(session)
        _see_to_smtp(session, smtp)
        _see_to_inbox(session, imap)


def _see_to_smtp(session: Session, port: int) -> None:
    account = session.scalar(select(SmtpAccount).where(SmtpAccount.name == NAME))
    before = _fields(account)
    if session.scalar(select(SmtpAccount.id).where(SmtpAccount.is_default)) is None:
        blank = SmtpAccount(sender_email=SENDER, sender_name="Arauto", return_path_plus=True)
        account = account or _made(session, blank)
        if account.host == HOST:
            account.enabled = account.is_default = True
    if account is not None and _settle(session, "smtp_accounts", account, port, before):
        if account.is_default:
            outbox.adopt(session, account.id)
        outbox.retry_account(session, account.id)


def _see_to_inbox(session: Session, port: int) -> None:
    account = session.scalar(select(InboxAccount).where(InboxAccount.name == NAME))
    before = _fields(account)
    has_any = session.scalar(select(InboxAccount.id).limit(1)) is not None
    if not has_any and session.scalar(_port(SmtpAccount)) is not None:
        account = _made(session, InboxAccount(credential=_credential(session)))
    if account is not None and _settle(session, "inbox_accounts", account, port, before):
        health.forgive(session, account.id)


def _port(table: type[SmtpAccount] | type[InboxAccount]) -> Any:
    return select(table.port).where(table.name == NAME, table.host == HOST)


_STATE = select(
    exists().where(SmtpAccount.is_default).label("has_default"),
    exists().where(SmtpAccount.name == NAME, SmtpAccount.host != HOST).label("has_foreign"),
    exists().where(InboxAccount.id.is_not(None)).label("has_inbox"),
    _port(SmtpAccount).scalar_subquery().label("smtp"),
    _port(InboxAccount).scalar_subquery().label("imap"),
)


def _made(session: Session, account: Any) -> Any:
    account.name, account.host, account.port = NAME, HOST, 0
    session.add(account)
    return account


def _settle(
    session: Session, noun: str, account: SmtpAccount | InboxAccount, port: int, before: Mapping[str, Any]
) -> bool:
    """The account points at the port; whether anything of it changed."""
    if account.host == HOST:
        account.port = port
    session.flush()
    changes = {name: (before.get(name), value) for name, value in _fields(account).items() if before.get(name) != value}
    if changes:
        action = "changed" if before else "created"
        audit.record(session, audit.Deed(action, noun, NAME, account.id, changes))
    return bool(changes)


def _fields(account: SmtpAccount | InboxAccount | None) -> dict[str, Any]:
    return {name: getattr(account, name) for name in _RECORDED if hasattr(account, name)}


def _credential(session: Session) -> Credential:
    """The credential *Sandbox*; one of ours that is there keeps its secret, which somebody may know.

    One of that name for something else is left alone: its secret is not for us.
    """
    named = Credential.name.in_((NAME, OTHER_NAME))
    found = {one.name: one for one in session.scalars(select(Credential).where(named))}
    ours = [one for one in found.values() if one.username == SENDER and one.sealed_secret is not None]
    if ours:
        return ours[0]
    made = Credential(name=OTHER_NAME if NAME in found else NAME, username=SENDER)
    session.add(made)
    session.flush()
    place = secret_place(made.id)
    secret = secrets.token_urlsafe(_SECRET_OCTETS)
    made.sealed_secret = vault.seal(secret, place)
    changes = {"username": (None, SENDER), "secret": (None, vault.fingerprint(secret, place))}
    audit.record(session, audit.Deed("created", "credentials", made.name, made.id, changes))
    return made
