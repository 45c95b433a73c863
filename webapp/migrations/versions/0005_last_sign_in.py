"""When and from where each user last signed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_last_sign_in"
down_revision = "0004_inbox"


def upgrade() -> None:
    op.add_column("user", sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user", sa.Column("last_sign_in_address", sa.String(), nullable=False, server_default=""))
