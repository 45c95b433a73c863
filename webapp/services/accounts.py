"""SMTP accounts as the senders see them: plain values read in one query, secrets opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from webapp.channels.smtp import SmtpSettings
from webapp.database.hot import HotStatement, driver_of
from webapp.mail.compose import Identity
from webapp.models import AccountHealth, Credential, Parameter, SmtpAccount
from webapp.services.vault import SealBroken, open_with

KEPT = 256


@dataclass(frozen=True, slots=True)
class Account:
    """One account, ready for use. `revision` changes with anything that an open connection depends on."""

    id: int
    name: str
    revision: tuple[int, int]
    enabled: bool
    sender_email: str
    sender_name: str
    reply_email: str
    return_path_email: str
    return_path_plus: bool
    confirmation_email: str
    footer: str
    max_connections: int
    max_per_minute: int | None
    fallback_id: int | None
    settings: SmtpSettings
    broken_secret: str = ""
    failures: int = 0
    retry_at: datetime | None = field(default=None, compare=False)

    def identity(self, reply_to: str | None, confirmation_to: str | None) -> Identity:
        """Whose name a mail bears; what the message asks for goes before what the account says."""
        return Identity(
            sender_email=self.sender_email,
            sender_name=self.sender_name,
            reply_to=reply_to or self.reply_email,
            confirmation_to=confirmation_to or self.confirmation_email,
        )

    def envelope_sender(self, return_path: str | None) -> str:
        """The address that bounces go to."""
        return return_path or self.return_path_email or self.sender_email


_ACCOUNTS = (
    select(
        *SmtpAccount.__table__.columns,
        Credential.username,
        Credential.sealed_secret,
        Credential.version.label("credential_version"),
        AccountHealth.failures,
        AccountHealth.retry_at,
    )
    .outerjoin(Credential, SmtpAccount.credential_id == Credential.id)
    .outerjoin(AccountHealth, AccountHealth.account_id == SmtpAccount.id)
)
_NAMES = tuple(column.key for column in _ACCOUNTS.selected_columns)
_QUERY = HotStatement(_ACCOUNTS)
_FOOTER = HotStatement(select(Parameter.value).where(Parameter.name == "footer_text"))


def secret_place(credential_id: int) -> str:
    """Where a credential's secret is sealed for (see `services.vault`)."""
    return f"credential/{credential_id}/secret"


def read_accounts(connection: Connection, master_key: str, helo: str) -> dict[int, Account]:
    """All accounts by id. A secret that does not open is told in `broken_secret`: the other accounts must go on."""
    driver = driver_of(connection)
    footer = (_FOOTER.one(driver) or ("",))[0]
    accounts = (_account(row, master_key, helo, footer) for row in _QUERY.all(driver))
    return {account.id: account for account in accounts}


@lru_cache(KEPT)
def _account(values: tuple[Any, ...], master_key: str, helo: str, footer: str) -> Account:
    """Made anew only where something changed: senders ask with every message."""
    row = dict(zip(_NAMES, values, strict=True))
    username, secret, broken = None, None, ""
    if row["authenticate"] and row["credential_id"]:
        username = row["username"]
        try:
            if row["sealed_secret"] is not None:
                secret = open_with(master_key, row["sealed_secret"], secret_place(row["credential_id"]))
        except SealBroken as error:
            broken = str(error)
    return Account(
        id=row["id"],
        name=row["name"],
        revision=(row["version"], row["credential_version"] or 0),
        enabled=row["enabled"],
        sender_email=row["sender_email"],
        sender_name=row["sender_name"],
        reply_email=row["reply_email"],
        return_path_email=row["return_path_email"],
        return_path_plus=row["return_path_plus"],
        confirmation_email=row["confirmation_email"] or row["sender_email"] if row["send_read_receipt"] else "",
        footer=footer if row["footer"] else "",
        max_connections=row["max_connections"],
        max_per_minute=row["max_per_minute"],
        fallback_id=row["fallback_id"],
        settings=SmtpSettings(
            host=row["host"],
            port=row["port"],
            secure=row["secure"],
            security=row["security"],
            ignore_certificate_errors=row["ignore_certificate_errors"],
            pinned_certificate=row["pinned_certificate"],
            username=username,
            secret=secret,
            helo=helo,
        ),
        broken_secret=broken,
        failures=row["failures"] or 0,
        retry_at=row["retry_at"],
    )
