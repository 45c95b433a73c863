"""Where users signed in from, and which outages were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_own_events"
down_revision = "0008_people_found"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "seen_address",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_seen_address_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "address", name="pk_seen_address"),
    )
    for table in ("account_health", "inbox_progress"):
        op.add_column(table, sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
