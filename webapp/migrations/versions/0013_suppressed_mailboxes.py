"""Addresses that differ in the case of letters are one mailbox where nothing is sent any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_suppressed_mailboxes"
down_revision = "0012_withheld_mail"


def upgrade() -> None:
    table = sa.table("suppressed_address", sa.column("address", sa.String), sa.column("since"))
    connection = op.get_bind()
    kept: set[str] = set()
    for (address,) in connection.execute(sa.select(table.c.address).order_by(table.c.since)).all():
        mailbox = address.lower()
        if mailbox != address and mailbox in kept:
            connection.execute(sa.delete(table).where(table.c.address == address))
        elif mailbox != address:
            connection.execute(sa.delete(table).where(table.c.address == mailbox))
            connection.execute(sa.update(table).where(table.c.address == address).values(address=mailbox))
        kept.add(mailbox)
