"""Whether the return path of an SMTP account takes plus-addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_return_path_plus"
down_revision = "0006_jobs_page"


def upgrade() -> None:
    op.add_column(
        "smtp_account", sa.Column("return_path_plus", sa.Boolean(), nullable=False, server_default=sa.false())
    )
