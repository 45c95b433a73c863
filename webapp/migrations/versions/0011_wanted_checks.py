"""Who listens to a mailbox lets go of it when somebody wants to check it, and takes it up again at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_wanted_checks"
down_revision = "0010_sandbox_numbers"


def upgrade() -> None:
    op.add_column("inbox_progress", sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("inbox_progress", sa.Column("tells", sa.Boolean(), nullable=False, server_default=sa.false()))
