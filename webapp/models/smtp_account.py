from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Model
from webapp.models.credential import Credential
from webapp.models.types import Named, UtcDateTime


class SmtpAccount(Named, Model):
    """How mail leaves: identity fields and server fields. At most one is the default, and that one is enabled."""

    enabled: Mapped[bool] = mapped_column(default=True)
    is_default: Mapped[bool] = mapped_column(default=False)
    sender_email: Mapped[str]
    sender_name: Mapped[str] = mapped_column(default="")
    reply_email: Mapped[str] = mapped_column(default="")
    return_path_email: Mapped[str] = mapped_column(default="")
    return_path_plus: Mapped[bool] = mapped_column(default=False, server_default=false())
    confirmation_email: Mapped[str] = mapped_column(default="")
    send_read_receipt: Mapped[bool] = mapped_column(default=False)
    force_settings: Mapped[bool] = mapped_column(default=False)
    footer: Mapped[bool] = mapped_column(default=True)
    host: Mapped[str]
    port: Mapped[int]
    secure: Mapped[bool] = mapped_column(default=False)
    security: Mapped[str] = mapped_column(default="tls")
    ignore_certificate_errors: Mapped[bool] = mapped_column(default=False)
    pinned_certificate: Mapped[str | None]
    authenticate: Mapped[bool] = mapped_column(default=False)
    credential_id: Mapped[int | None] = mapped_column(ForeignKey("credential.id"))
    max_connections: Mapped[int] = mapped_column(default=4)
    max_per_minute: Mapped[int | None]
    fallback_id: Mapped[int | None] = mapped_column(ForeignKey("smtp_account.id"))

    credential: Mapped[Credential | None] = relationship()
    fallback: Mapped[SmtpAccount | None] = relationship(remote_side="SmtpAccount.id")

    __table_args__ = (
        Index(
            "uq_smtp_account_one_default",
            "is_default",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
        CheckConstraint("enabled OR NOT is_default", name="default_is_enabled"),
        CheckConstraint("security IN ('tls', 'ssl')", name="security"),
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        CheckConstraint("max_connections BETWEEN 1 AND 100", name="max_connections"),
        CheckConstraint("max_per_minute IS NULL OR max_per_minute >= 1", name="max_per_minute"),
    )
    __mapper_args__ = {"version_id_col": Named.version}


class AccountHealth(Model):
    """What the senders know of an account's server: the circuit. No row means that it never gave trouble.

    `told_at`: when it became an event.
    """

    account_id: Mapped[int] = mapped_column(ForeignKey("smtp_account.id", ondelete="CASCADE"), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(default="")
    stage: Mapped[str] = mapped_column(default="")
    code: Mapped[int | None]
    words: Mapped[str] = mapped_column(default="")
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
