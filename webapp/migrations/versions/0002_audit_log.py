"""The audit log, which the database itself keeps from being changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_audit_log"
down_revision = "0001_first_tables"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("noun", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    for column in ("actor", "action", "noun", "number"):
        op.create_index(f"ix_audit_entry_{column}_id", "audit_entry", [column, "id"])
    guard()


def guard() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            """CREATE FUNCTION audit_entry_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'the audit log is append-only';
    END $$"""
        )
        op.execute(
            """CREATE TRIGGER audit_entry_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
            FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_kept()"""
        )
        return
    for deed, moment in (("changed", "UPDATE"), ("removed", "DELETE")):
        op.execute(
            f"""CREATE TRIGGER audit_entry_not_{deed} BEFORE {moment} ON audit_entry BEGIN
                SELECT RAISE(ABORT, 'the audit log is append-only');
            END"""
        )
    op.execute(
        """CREATE TRIGGER audit_entry_not_replaced BEFORE INSERT ON audit_entry
        WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = new.id) BEGIN
            SELECT RAISE(ABORT, 'the audit log is append-only');
        END"""
    )
