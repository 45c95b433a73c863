"""Watched certificates, what was seen of them, and what was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_certificates"
down_revision = "0002_audit_log"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def must(name: str, kind: sa.types.TypeEngine[object]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def may(name: str, kind: sa.types.TypeEngine[object]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=True)


def upgrade() -> None:
    op.create_table(
        "certificate",
        must("enabled", sa.Boolean()),
        must("host", sa.String()),
        must("port", sa.Integer()),
        must("starttls", sa.String()),
        must("pem", sa.String()),
        must("id", ID),
        must("name", sa.String()),
        must("version", sa.Integer()),
        must("created_at", TIME),
        must("updated_at", TIME),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_certificate_port")),
        sa.CheckConstraint("(host = '') <> (pem = '')", name=op.f("ck_certificate_host_or_pem")),
        sa.PrimaryKeyConstraint("id", name="pk_certificate"),
        sa.UniqueConstraint("name", name="uq_certificate_name"),
    )
    op.create_table(
        "sighting",
        must("certificate_id", ID),
        must("checked_at", TIME),
        must("next_check_at", TIME),
        may("seen_at", TIME),
        must("subject", sa.String()),
        must("issuer", sa.String()),
        must("names", sa.JSON()),
        must("serial", sa.String()),
        must("sha256", sa.String()),
        may("not_before", TIME),
        may("not_after", TIME),
        may("ends_at", TIME),
        must("ends_sha256", sa.String()),
        must("ends_subject", sa.String()),
        must("distrust", sa.String()),
        must("names_match", sa.Boolean()),
        must("failures", sa.Integer()),
        may("failing_since", TIME),
        must("error_kind", sa.String()),
        must("error", sa.String()),
        must("down", sa.Boolean()),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name="fk_sighting_certificate_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("certificate_id", name="pk_sighting"),
    )
    op.create_index("ix_sighting_next_check_at", "sighting", ["next_check_at"])
    op.create_table(
        "certificate_notice",
        must("id", ID),
        must("certificate_id", ID),
        must("sha256", sa.String()),
        must("kind", sa.String()),
        must("at", TIME),
        may("event_id", ID),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name="fk_certificate_notice_certificate_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_certificate_notice_event_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_certificate_notice"),
    )
    op.create_index("ix_certificate_notice_certificate_id", "certificate_notice", ["certificate_id", "id"])
    op.create_index("ix_certificate_notice_event_id", "certificate_notice", ["event_id"])
