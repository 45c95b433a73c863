"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_first_tables"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def must(name: str, kind: sa.types.TypeEngine[object]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def may(name: str, kind: sa.types.TypeEngine[object]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=True)


def upgrade() -> None:
    op.create_table(
        "api_token",
        must("token_hash", sa.String()),
        must("scopes", sa.JSON()),
        must("enabled", sa.Boolean()),
        may("last_used_at", TIME),
        must("id", ID),
        must("name", sa.String()),
        must("version", sa.Integer()),
        must("created_at", TIME),
        must("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("name", name="uq_api_token_name"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_table(
        "contact",
        must("email", sa.String()),
        must("mobile", sa.String()),
        must("locale", sa.String()),
        must("timezone", sa.String()),
        must("enabled", sa.Boolean()),
        must("id", ID),
        must("name", sa.String()),
        must("version", sa.Integer()),
        must("created_at", TIME),
        must("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
        sa.UniqueConstraint("name", name="uq_contact_name"),
    )
    op.create_index("ix_contact_email", "contact", ["email"])
    op.create_table(
        "contact_group",
        must("id", ID),
        must("name", sa.String()),
        must("version", sa.Integer()),
        must("created_at", TIME),
        must("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_contact_group"),
        sa.UniqueConstraint("name", name="uq_contact_group_name"),
    )
    op.create_table(
        "content",
        must("id", ID),
        must("subject", sa.String()),
        must("text", sa.String()),
        may("html", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_content"),
    )
    op.create_table(
        "credential",
        must("username", sa.String()),
        may("sealed_secret", sa.LargeBinary()),
        must("id", ID),
        must("name", sa.String()),
        must("version", sa.Integer()),
        must("created_at", TIME),
        must("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_credential"),
        sa.UniqueConstraint("name", name="uq_credential_name"),
    )
    op.create_table(
        "event_type",
        must("type", sa.String()),
        must("title", sa.String()),
        must("category", sa.String()),
        must("severity", sa.String()),
        must("at_most_once", sa.Boolean()),
        sa.CheckConstraint("severity IN ('info', 'warning', 'error', 'critical')", name=op.f("ck_event_type_severity")),
        sa.PrimaryKeyConstraint("type", name="pk_event_type"),
    )
    op.create_table(
        "job_run",
        must("name", sa.String()),
        must("started_at", TIME),
        may("finished_at", TIME),
        may("succeeded_at", TIME),
        must("summary", sa.String()),
        must("error", sa.String()),
        sa.PrimaryKeyConstraint("name", name="pk_job_run"),
    )
    op.create_table(
        "lease",
        must("name", sa.String()),
        must("token", sa.BigInteger()),
        must("until", sa.Double()),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_index("ix_lease_token", "lease", ["token"])
    op.create_table(
        "parameter",
        must("name", sa.String()),
        must("value", sa.String()),
        sa.PrimaryKeyConstraint("name", name="pk_parameter"),
    )
    op.create_table(
        "rulebook",
        must("id", ID),
        must("created_at", TIME),
        must("content", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_rulebook"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sandbox_mail",
        must("id", ID),
        must("received_at", TIME),
        must("sender", sa.String()),
        must("recipients", sa.JSON()),
        must("subject", sa.String()),
        must("message_id", sa.String()),
        must("raw", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_sandbox_mail"),
    )
    op.create_index("ix_sandbox_mail_message_id", "sandbox_mail", ["message_id"])
    op.create_table(
        "sign_in_failure",
        must("id", ID),
        must("name", sa.String()),
        must("address", sa.String()),
        must("at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_failure"),
    )
    op.create_index("ix_sign_in_failure_address", "sign_in_failure", ["address"])
    op.create_index("ix_sign_in_failure_name", "sign_in_failure", ["name"])
    op.create_table(
        "text",
        must("id", ID),
        must("type", sa.String()),
        must("channel", sa.String()),
        must("locale", sa.String()),
        must("subject", sa.String()),
        must("body", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_text"),
        sa.UniqueConstraint("type", "channel", "locale", name="uq_text_type_channel_locale"),
    )
    op.create_table(
        "user",
        must("password_hash", sa.String()),
        must("role", sa.String()),
        must("enabled", sa.Boolean()),
        must("locale", sa.String()),
        must("timezone", sa.String()),
        must("theme", sa.String()),
        must("id", ID),
        must("name", sa.String()),
        must("version", sa.Integer()),
        must("created_at", TIME),
        must("updated_at", TIME),
        sa.CheckConstraint("role IN ('viewer', 'operator', 'admin')", name=op.f("ck_user_role")),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("name", name="uq_user_name"),
    )
    op.create_table(
        "contact_group_member",
        must("group_id", ID),
        must("contact_id", ID),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name="fk_contact_group_member_contact_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["contact_group.id"], name="fk_contact_group_member_group_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "contact_id", name="pk_contact_group_member"),
    )
    op.create_index("ix_contact_group_member_contact_id", "contact_group_member", ["contact_id"])
    op.create_table(
        "event",
        must("id", ID),
        must("type", sa.String()),
        must("severity", sa.String()),
        must("title", sa.String()),
        must("body", sa.String()),
        must("attributes", sa.JSON()),
        must("source", sa.String()),
        must("occurred_at", TIME),
        must("received_at", TIME),
        may("dedup_key", sa.String()),
        must("rulebook_id", ID),
        sa.ForeignKeyConstraint(["rulebook_id"], ["rulebook.id"], name="fk_event_rulebook_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_dedup", "event", ["dedup_key", "type", "received_at"])
    op.create_index("ix_event_received_at", "event", ["received_at"])
    op.create_index("ix_event_rulebook_id", "event", ["rulebook_id"])
    op.create_index("ix_event_severity_id", "event", ["severity", "id"])
    op.create_index("ix_event_source_id", "event", ["source", "id"])
    op.create_index("ix_event_type_id", "event", ["type", "id"])
    op.create_table(
        "idempotency_record",
        must("token_id", ID),
        must("key", sa.String()),
        must("request_hash", sa.String()),
        must("status", sa.Integer()),
        must("answer", sa.String()),
        must("created_at", TIME),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_token.id"], name="fk_idempotency_record_token_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_id", "key", name="pk_idempotency_record"),
    )
    op.create_index("ix_idempotency_record_created_at", "idempotency_record", ["created_at"])
    op.create_table(
        "smtp_account",
        must("enabled", sa.Boolean()),
        must("is_default", sa.Boolean()),
        must("sender_email", sa.String()),
        must("sender_name", sa.String()),
        must("reply_email", sa.String()),
        must("return_path_email", sa.String()),
        must("confirmation_email", sa.String()),
        must("send_read_receipt", sa.Boolean()),
        must("force_settings", sa.Boolean()),
        must("footer", sa.Boolean()),
        must("host", sa.String()),
        must("port", sa.Integer()),
        must("secure", sa.Boolean()),
        must("security", sa.String()),
        must("ignore_certificate_errors", sa.Boolean()),
        may("pinned_certificate", sa.String()),
        must("authenticate", sa.Boolean()),
        may("credential_id", ID),
        must("max_connections", sa.Integer()),
        may("max_per_minute", sa.Integer()),
        may("fallback_id", ID),
        must("id", ID),
        must("name", sa.String()),
        must("version", sa.Integer()),
        must("created_at", TIME),
        must("updated_at", TIME),
        sa.CheckConstraint("security IN ('tls', 'ssl')", name=op.f("ck_smtp_account_security")),
        sa.CheckConstraint("enabled OR NOT is_default", name=op.f("ck_smtp_account_default_is_enabled")),
        sa.CheckConstraint("max_connections BETWEEN 1 AND 100", name=op.f("ck_smtp_account_max_connections")),
        sa.CheckConstraint(
            "max_per_minute IS NULL OR max_per_minute >= 1", name=op.f("ck_smtp_account_max_per_minute")
        ),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_smtp_account_port")),
        sa.ForeignKeyConstraint(["credential_id"], ["credential.id"], name="fk_smtp_account_credential_id"),
        sa.ForeignKeyConstraint(["fallback_id"], ["smtp_account.id"], name="fk_smtp_account_fallback_id"),
        sa.PrimaryKeyConstraint("id", name="pk_smtp_account"),
        sa.UniqueConstraint("name", name="uq_smtp_account_name"),
    )
    op.create_index(
        "uq_smtp_account_one_default",
        "smtp_account",
        ["is_default"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "web_session",
        must("key_hash", sa.String()),
        must("user_id", ID),
        must("created_at", TIME),
        must("seen_at", TIME),
        must("address", sa.String()),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_web_session_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_hash", name="pk_web_session"),
    )
    op.create_index("ix_web_session_seen_at", "web_session", ["seen_at"])
    op.create_index("ix_web_session_user_id", "web_session", ["user_id"])
    op.create_table(
        "account_health",
        must("account_id", ID),
        must("failures", sa.Integer()),
        may("since", TIME),
        may("retry_at", TIME),
        must("kind", sa.String()),
        must("stage", sa.String()),
        may("code", sa.Integer()),
        must("words", sa.String()),
        sa.ForeignKeyConstraint(
            ["account_id"], ["smtp_account.id"], name="fk_account_health_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_health"),
    )
    op.create_table(
        "message",
        must("id", ID),
        may("event_id", ID),
        must("event_type", sa.String()),
        must("notification", sa.String()),
        must("channel", sa.String()),
        must("recipient", sa.String()),
        must("recipient_name", sa.String()),
        may("contact_id", ID),
        may("account_id", ID),
        must("content_id", ID),
        may("reply_to", sa.String()),
        may("return_path", sa.String()),
        may("confirmation_to", sa.String()),
        must("priority", sa.SmallInteger()),
        must("at_most_once", sa.Boolean()),
        must("state", sa.String()),
        must("reason", sa.String()),
        must("attempts", sa.Integer()),
        may("next_attempt_at", TIME),
        must("expires_at", TIME),
        may("claim_token", sa.BigInteger()),
        must("transmitting", sa.Boolean()),
        must("maybe_repeated", sa.Boolean()),
        must("message_id", sa.String()),
        may("resent_from", ID),
        must("created_at", TIME),
        may("sent_at", TIME),
        must("last_stage", sa.String()),
        may("last_code", sa.Integer()),
        must("last_words", sa.String()),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'bounced', 'cancelled', "
            "'suppressed', 'unknown')",
            name=op.f("ck_message_state"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["smtp_account.id"], name="fk_message_account_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_message_contact_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name="fk_message_content_id"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_message_event_id"),
        sa.ForeignKeyConstraint(["resent_from"], ["message.id"], name="fk_message_resent_from"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
    )
    op.create_index("ix_message_account_id_id", "message", ["account_id", "id"])
    op.create_index("ix_message_channel_id", "message", ["channel", "id"])
    op.create_index(
        "ix_message_claimed",
        "message",
        ["claim_token"],
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index("ix_message_contact_id", "message", ["contact_id"])
    op.create_index("ix_message_content_id", "message", ["content_id"])
    op.create_index("ix_message_created_at", "message", ["created_at"])
    op.create_index(
        "ix_message_due",
        "message",
        ["account_id", "priority", "next_attempt_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index("ix_message_event_id", "message", ["event_id"])
    op.create_index("ix_message_event_type_id", "message", ["event_type", "id"])
    op.create_index(
        "ix_message_expiring",
        "message",
        ["expires_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index("ix_message_message_id", "message", ["message_id"], unique=True)
    op.create_index("ix_message_recipient_id", "message", ["recipient", "id"])
    op.create_index("ix_message_state_id", "message", ["state", "id"])
    op.create_table(
        "notification",
        must("enabled", sa.Boolean()),
        must("channels", sa.JSON()),
        must("types", sa.JSON()),
        must("min_severity", sa.String()),
        may("account_id", ID),
        must("id", ID),
        must("name", sa.String()),
        must("version", sa.Integer()),
        must("created_at", TIME),
        must("updated_at", TIME),
        sa.ForeignKeyConstraint(["account_id"], ["smtp_account.id"], name="fk_notification_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        sa.UniqueConstraint("name", name="uq_notification_name"),
    )
    op.create_table(
        "attempt",
        must("id", ID),
        must("message_id", ID),
        may("account_id", ID),
        must("started_at", TIME),
        must("duration_ms", sa.Integer()),
        must("outcome", sa.String()),
        must("stage", sa.String()),
        may("code", sa.Integer()),
        must("enhanced", sa.String()),
        must("words", sa.String()),
        must("tls", sa.String()),
        sa.ForeignKeyConstraint(["account_id"], ["smtp_account.id"], name="fk_attempt_account_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_attempt_message_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
    )
    op.create_index("ix_attempt_account_id_started_at", "attempt", ["account_id", "started_at"])
    op.create_index("ix_attempt_message_id", "attempt", ["message_id"])
    op.create_table(
        "notification_contact",
        must("notification_id", ID),
        must("contact_id", ID),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_notification_contact_contact_id"),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notification.id"], name="fk_notification_contact_notification_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notification_id", "contact_id", name="pk_notification_contact"),
    )
    op.create_index("ix_notification_contact_contact_id", "notification_contact", ["contact_id"])
    op.create_table(
        "notification_group",
        must("notification_id", ID),
        must("group_id", ID),
        sa.ForeignKeyConstraint(["group_id"], ["contact_group.id"], name="fk_notification_group_group_id"),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notification.id"], name="fk_notification_group_notification_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notification_id", "group_id", name="pk_notification_group"),
    )
    op.create_index("ix_notification_group_group_id", "notification_group", ["group_id"])
    op.create_table(
        "timeline_entry",
        must("id", ID),
        must("message_id", ID),
        must("at", TIME),
        must("kind", sa.String()),
        must("detail", sa.JSON()),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name="fk_timeline_entry_message_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_timeline_entry"),
    )
    op.create_index("ix_timeline_entry_message_id", "timeline_entry", ["message_id"])
    search()


def search() -> None:
    if op.get_context().dialect.name == "postgresql":
        words = sa.text("to_tsvector('simple'::regconfig, translate(subject, '#&+-./:<=>?@_~', '              '))")
        op.create_index("ix_content_words", "content", [words], postgresql_using="gin")
        return
    op.execute(
        """CREATE VIRTUAL TABLE content_search USING fts5(
            subject, content='content', content_rowid='id', columnsize=0, tokenize='unicode61 remove_diacritics 0'
        )"""
    )
    op.execute(
        """CREATE TRIGGER content_search_added AFTER INSERT ON content BEGIN
            INSERT INTO content_search(rowid, subject) VALUES (new.id, new.subject);
        END"""
    )
    op.execute(
        """CREATE TRIGGER content_search_removed AFTER DELETE ON content BEGIN
            INSERT INTO content_search(content_search, rowid, subject) VALUES ('delete', old.id, old.subject);
        END"""
    )
