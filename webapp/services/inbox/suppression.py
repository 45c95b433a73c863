"""Addresses that nothing is sent to, because a server refused them for good."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress as suppress_error
from typing import Any

from sqlalchemy import String, any_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from webapp.database.hot import Driver, HotStatement
from webapp.mail.address import AddressError, normalise_email
from webapp.models import SuppressedAddress
from webapp.models.suppression import mailbox_of
from webapp.services import audit
from webapp.services.unit import write

# A list of any length as one value, so that the statement is compiled once: each database has its own way to take one.
_FOUND: Mapping[str, Any] = {
    "sqlite": SuppressedAddress.address.in_(
        select(func.json_each(bindparam("addresses")).table_valued("value").c.value)
    ),
    "postgresql": SuppressedAddress.address == any_(bindparam("addresses", type_=ARRAY(String))),
}
_AMONG = {name: HotStatement(select(SuppressedAddress.address).where(found)) for name, found in _FOUND.items()}


def among(driver: Driver, addresses: Collection[str]) -> set[str]:
    """Those of the addresses that nothing is sent to: one look at an index, however many there are."""
    if not addresses:
        return set()
    name = driver.dialect.name
    given = list({mailbox_of(address) for address in addresses})
    rows = _AMONG[name].all(driver, addresses=json.dumps(given) if name == "sqlite" else given)
    found = {row[0] for row in rows}
    return {address for address in addresses if mailbox_of(address) in found} if found else set()


def suppress(session: Session, address: str, status: str, words: str, message_id: int, inbound_id: int) -> None:
    """From now on; the first report of an address is the one that is kept."""
    mailbox = mailbox_of(address)
    if session.get(SuppressedAddress, mailbox) is None:
        session.add(
            SuppressedAddress(address=mailbox, status=status, words=words, message_id=message_id, inbound_id=inbound_id)
        )
        session.flush()


def lift(address: str) -> bool:
    """Send to this address again; whether it was suppressed."""
    with suppress_error(AddressError):
        address = normalise_email(address)
    with write() as session:
        lifted = (
            delete(SuppressedAddress)
            .where(SuppressedAddress.address == mailbox_of(address))
            .returning(SuppressedAddress.address)
        )
        if session.scalar(lifted) is None:
            return False
        audit.record(session, audit.Deed("lifted", "suppressed_addresses", address))
        return True
