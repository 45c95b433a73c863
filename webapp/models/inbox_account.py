from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Model
from webapp.models.credential import Credential
from webapp.models.types import Named, UtcDateTime


class InboxAccount(Named, Model):
    """A mailbox that is read. `event_rules`: which of its mails become events (see `services.inbox.rules`)."""

    enabled: Mapped[bool] = mapped_column(default=True)
    automatic_check: Mapped[bool] = mapped_column(default=True)
    keep_copy: Mapped[bool] = mapped_column(default=True)
    protocol: Mapped[str] = mapped_column(default="imap")
    host: Mapped[str]
    port: Mapped[int]
    folder: Mapped[str] = mapped_column(default="INBOX")
    move_to: Mapped[str] = mapped_column(default="")
    secure: Mapped[bool] = mapped_column(default=False)
    security: Mapped[str] = mapped_column(default="tls")
    ignore_certificate_errors: Mapped[bool] = mapped_column(default=False)
    credential_id: Mapped[int | None] = mapped_column(ForeignKey("credential.id"))
    interval_seconds: Mapped[int] = mapped_column(default=60)
    ignore_older: Mapped[bool] = mapped_column(default=True)
    forward_replies: Mapped[bool] = mapped_column(default=False)
    event_rules: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)

    credential: Mapped[Credential | None] = relationship()

    __table_args__ = (
        CheckConstraint("protocol IN ('imap', 'pop3')", name="protocol"),
        CheckConstraint("security IN ('tls', 'ssl')", name="security"),
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        CheckConstraint("interval_seconds >= 1", name="interval_seconds"),
    )
    __mapper_args__ = {"version_id_col": Named.version}


class InboxProgress(Model):
    """How far an inbox account was read, and how its server does. No row means that it was never checked.

    `mark` is where the next listing begins (see `mailboxes.base.Batch`). `failures` counts the checks in a row that
    failed, `since` when the first of them did; `retry_at` is when an account in trouble is tried again, and `told_at`
    when its trouble became an event. `wanted_at`: when somebody last wanted to check it who was not its reader.
    `tells`: whether its server told of new mail when it was last listened to (IMAP IDLE). `withheld`: how many mails
    it refused to give at the last check that went well, for the reason in `refusal`.
    """

    account_id: Mapped[int] = mapped_column(ForeignKey("inbox_account.id", ondelete="CASCADE"), primary_key=True)
    mark: Mapped[str] = mapped_column(default="")
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    succeeded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wanted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tells: Mapped[bool] = mapped_column(default=False, server_default=false())
    withheld: Mapped[int] = mapped_column(default=0, server_default="0")
    refusal: Mapped[str] = mapped_column(default="", server_default="")
