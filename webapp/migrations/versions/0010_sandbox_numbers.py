"""The number of a caught mail is never used again: it is its name in the sandbox's mailboxes (RFC 3501, UID)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_sandbox_numbers"
down_revision = "0009_own_events"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    with op.batch_alter_table("sandbox_mail", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("subject", existing_type=sa.String(), existing_nullable=False)
