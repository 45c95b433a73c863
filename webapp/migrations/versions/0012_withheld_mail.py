"""Mail that a server lists and refuses to give is told of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_withheld_mail"
down_revision = "0011_wanted_checks"


def upgrade() -> None:
    op.add_column("inbox_progress", sa.Column("withheld", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("inbox_progress", sa.Column("refusal", sa.String(), nullable=False, server_default=""))
