"""Addresses that nothing is sent to, as pages and the command line read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.models import SuppressedAddress
from webapp.models.suppression import mailbox_of

MOST = 200
_ROW = select(
    *[getattr(SuppressedAddress, name) for name in ("address", "since", "status", "words", "message_id", "inbound_id")]
)


def newest(session: Session, text: str = "", most: int | None = MOST) -> list[Any]:
    """The addresses with `text` in them, the newest first; no more than `most`, unless that is None."""
    query = _ROW.order_by(SuppressedAddress.since.desc(), SuppressedAddress.address).limit(most)
    return list(session.execute(query.where(SuppressedAddress.address.icontains(text, autoescape=True))))


def count(session: Session) -> int:
    """How many there are."""
    return session.scalar(select(func.count()).select_from(SuppressedAddress)) or 0


def among(session: Session, addresses: Iterable[str | None]) -> set[str]:
    """Those of the addresses that nothing is sent to."""
    given = {address: mailbox_of(address) for address in addresses if address}
    wanted = select(SuppressedAddress.address).where(SuppressedAddress.address.in_(set(given.values())))
    found = set(session.scalars(wanted))
    return {address for address, mailbox in given.items() if mailbox in found}
