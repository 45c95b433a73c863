"""Addresses that nothing is sent to, because a server refused them for good."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from webapp.models import SuppressedAddress
from webapp.services import audit
from webapp.services.unit import write


def suppress(session: Session, address: str, status: str, words: str, message_id: int, inbound_id: int) -> None:
    """From now on; the first report of an address is the one that is kept."""
    if session.get(SuppressedAddress, address) is None:
        session.add(
            SuppressedAddress(address=address, status=status, words=words, message_id=message_id, inbound_id=inbound_id)
        )
        session.flush()


def lift(address: str) -> bool:
    """Send to this address again; whether it was suppressed."""
    with write() as session:
        lifted = (
            delete(SuppressedAddress).where(SuppressedAddress.address == address).returning(SuppressedAddress.address)
        )
        if session.scalar(lifted) is None:
            return False
        audit.record(session, audit.Deed("lifted", "suppressed_addresses", address))
        return True
