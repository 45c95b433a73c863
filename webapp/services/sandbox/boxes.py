"""What the sandbox caught, as mailboxes: each address has the mail that was sent to it, or to it with a `+tag`."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, func, select

from webapp.models import Credential, InboxAccount, SandboxMail
from webapp.services.accounts import secret_place
from webapp.services.sandbox.accounts import HOST, NAME
from webapp.services.unit import write_results
from webapp.services.vault import SealBroken, open_with

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Facts:
    """A mail in a mailbox. `head` is what a server that delivers puts in front of it (RFC 5321 section 4.4)."""

    head: bytes
    size: int
    arrived: datetime


def mailbox_of(address: str) -> str:
    """The mailbox that an address belongs to."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


class Boxes:
    """Read and emptied by whoever knows the secret of the inbox account *Sandbox*. Errors are those of SQLAlchemy."""

    def __init__(self, engine: Engine, master_key: str):
        self._engine = engine
        self._master_key = master_key

    def admits(self, secret: str) -> bool:
        """Whether it is the secret."""
        query = (
            select(Credential.id, Credential.sealed_secret)
            .join(InboxAccount, InboxAccount.credential_id == Credential.id)
            .where(InboxAccount.name == NAME, InboxAccount.host == HOST)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.sealed_secret is None:
            return False
        try:
            known = open_with(self._master_key, row.sealed_secret, secret_place(row.id))
        except SealBroken:
            return False
        return hmac.compare_digest(known.encode(), secret.encode())

    def numbers(self, address: str, after: int = 0) -> tuple[list[int], int]:
        """The mails of a mailbox that came after mail `after` of whatever mailbox, in order; and the last of them all.

        A number is never used twice.
        """
        wanted, last = mailbox_of(address), after
        numbers: list[int] = []
        query = select(SandboxMail.id, SandboxMail.recipients).where(SandboxMail.id > after).order_by(SandboxMail.id)
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                last = row.id
                if wanted in map(mailbox_of, row.recipients):
                    numbers.append(row.id)
        return numbers, last

    def still_there(self, numbers: Collection[int]) -> set[int]:
        """Those that nobody has thrown away."""
        query = select(SandboxMail.id)
        with self._engine.connect() as connection:
            some = (connection.scalars(query.where(SandboxMail.id.in_(part))) for part in _parts(numbers))
            return {number for numbers in some for number in numbers}

    def facts(self, address: str, numbers: Collection[int]) -> Mapping[int, Facts]:
        """Those that are still there."""
        query = select(
            SandboxMail.id,
            SandboxMail.sender,
            SandboxMail.recipients,
            SandboxMail.received_at,
            func.length(SandboxMail.raw).label("size"),
        ).where(SandboxMail.id.in_(numbers))
        wanted = mailbox_of(address)
        found: dict[int, Facts] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                to = next((each for each in row.recipients if mailbox_of(each) == wanted), address)
                head = f"Return-Path: <{row.sender}>\r\nDelivered-To: {to}\r\n".encode()
                found[row.id] = Facts(head, len(head) + row.size, row.received_at)
        return found

    def raw(self, number: int) -> bytes | None:
        """The octets of a mail; None when it is gone."""
        with self._engine.connect() as connection:
            return connection.scalar(select(SandboxMail.raw).where(SandboxMail.id == number))

    def remove(self, numbers: Collection[int]) -> None:
        """Throw mails away."""
        with write_results(self._engine) as connection:
            for part in _parts(numbers):
                connection.execute(delete(SandboxMail).where(SandboxMail.id.in_(part)))


def _parts(numbers: Collection[int]) -> Iterator[list[int]]:
    """A database takes so many values in one statement, and no more."""
    given = list(numbers)
    for start in range(0, len(given), AT_ONCE):
        yield given[start : start + AT_ONCE]
