"""Inbox accounts, what came in, and suppressed addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_inbox"
down_revision = "0003_certificates"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
STATES = "'received', 'processed', 'held', 'too_large'"
REPORTS = ("account_id", "kind", "state", "sender", "answers_id")


def must(name: str, kind: sa.types.TypeEngine[object]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def may(name: str, kind: sa.types.TypeEngine[object]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=True)


def refers(table: str, column: str, other: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}", ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "inbox_account",
        must("enabled", sa.Boolean()),
        must("automatic_check", sa.Boolean()),
        must("keep_copy", sa.Boolean()),
        must("protocol", sa.String()),
        must("host", sa.String()),
        must("port", sa.Integer()),
        must("folder", sa.String()),
        must("move_to", sa.String()),
        must("secure", sa.Boolean()),
        must("security", sa.String()),
        must("ignore_certificate_errors", sa.Boolean()),
        may("credential_id", ID),
        must("interval_seconds", sa.Integer()),
        must("ignore_older", sa.Boolean()),
        must("forward_replies", sa.Boolean()),
        must("event_rules", sa.JSON()),
        must("id", ID),
        must("name", sa.String()),
        must("version", sa.Integer()),
        must("created_at", TIME),
        must("updated_at", TIME),
        sa.CheckConstraint("protocol IN ('imap', 'pop3')", name="protocol"),
        sa.CheckConstraint("security IN ('tls', 'ssl')", name="security"),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        sa.CheckConstraint("interval_seconds >= 1", name="interval_seconds"),
        refers("inbox_account", "credential_id", "credential"),
        sa.PrimaryKeyConstraint("id", name="pk_inbox_account"),
        sa.UniqueConstraint("name", name="uq_inbox_account_name"),
    )
    op.create_table(
        "inbox_progress",
        must("account_id", ID),
        must("mark", sa.String()),
        may("checked_at", TIME),
        may("succeeded_at", TIME),
        must("failures", sa.Integer()),
        may("since", TIME),
        may("retry_at", TIME),
        must("kind", sa.String()),
        must("words", sa.String()),
        refers("inbox_progress", "account_id", "inbox_account", "CASCADE"),
        sa.PrimaryKeyConstraint("account_id", name="pk_inbox_progress"),
    )
    op.create_table(
        "inbound_message",
        must("id", ID),
        may("account_id", ID),
        must("server_key", sa.String()),
        must("on_server", sa.Boolean()),
        must("content_hash", sa.String()),
        must("size", sa.Integer()),
        must("received_at", TIME),
        must("stored_at", TIME),
        must("message_id", sa.String()),
        must("sender", sa.String()),
        must("subject", sa.String()),
        must("state", sa.String()),
        must("kind", sa.String()),
        must("effect", sa.String()),
        must("detail", sa.JSON()),
        may("answers_id", ID),
        may("event_id", ID),
        must("defects", sa.JSON()),
        must("error", sa.String()),
        sa.CheckConstraint(f"state IN ({STATES})", name="state"),
        refers("inbound_message", "account_id", "inbox_account", "SET NULL"),
        refers("inbound_message", "answers_id", "message", "SET NULL"),
        refers("inbound_message", "event_id", "event", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_inbound_message"),
    )
    key = ("account_id", "server_key")
    op.create_index("uq_inbound_message_account_id_server_key", "inbound_message", key, unique=True)
    op.create_index("ix_inbound_message_account_id_content_hash", "inbound_message", ("account_id", "content_hash"))
    op.create_index("ix_inbound_message_account_id_on_server", "inbound_message", ("account_id", "on_server"))
    for column in REPORTS:
        name = f"ix_inbound_message_{column}" + ("" if column == "answers_id" else "_id")
        op.create_index(name, "inbound_message", (column, "id"))
    op.create_index("ix_inbound_message_received_at", "inbound_message", ("received_at",))
    op.create_table(
        "inbound_raw",
        must("inbound_id", ID),
        must("raw", sa.LargeBinary()),
        refers("inbound_raw", "inbound_id", "inbound_message", "CASCADE"),
        sa.PrimaryKeyConstraint("inbound_id", name="pk_inbound_raw"),
    )
    op.create_table(
        "skipped_mail",
        must("account_id", ID),
        must("server_key", sa.String()),
        refers("skipped_mail", "account_id", "inbox_account", "CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "server_key", name="pk_skipped_mail"),
    )
    op.create_table(
        "suppressed_address",
        must("address", sa.String()),
        must("since", TIME),
        must("status", sa.String()),
        must("words", sa.String()),
        may("message_id", ID),
        may("inbound_id", ID),
        refers("suppressed_address", "message_id", "message", "SET NULL"),
        refers("suppressed_address", "inbound_id", "inbound_message", "SET NULL"),
        sa.PrimaryKeyConstraint("address", name="pk_suppressed_address"),
    )
