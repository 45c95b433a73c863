from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.clock import now
from webapp.extensions import Model
from webapp.models.types import Id, Named, UtcDateTime


class Certificate(Named, Model):
    """A certificate that is watched: the one that a server shows, or, without a host, the one in `pem`."""

    enabled: Mapped[bool] = mapped_column(default=True)
    host: Mapped[str] = mapped_column(default="")
    port: Mapped[int] = mapped_column(default=443)
    starttls: Mapped[str] = mapped_column(default="none")
    pem: Mapped[str] = mapped_column(default="")

    sighting: Mapped[Sighting | None] = relationship(viewonly=True)

    __table_args__ = (
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        CheckConstraint("(host = '') <> (pem = '')", name="host_or_pem"),
    )
    __mapper_args__ = {"version_id_col": Named.version}


class Sighting(Model):
    """What is known of a watched certificate. No row: nobody has looked yet, or not since what to look at was changed.

    The fields of the certificate are empty until it was seen once, and keep the last sight while `failures` counts. A
    chain ends with the certificate of it that ends first: `ends_at`, `ends_sha256` and `ends_subject` are those of it.
    """

    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id", ondelete="CASCADE"), primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_check_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    subject: Mapped[str] = mapped_column(default="")
    issuer: Mapped[str] = mapped_column(default="")
    names: Mapped[list[str]] = mapped_column(JSON, default=list)
    serial: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str] = mapped_column(default="")
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    not_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_sha256: Mapped[str] = mapped_column(default="")
    ends_subject: Mapped[str] = mapped_column(default="")
    distrust: Mapped[str] = mapped_column(default="")
    names_match: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_kind: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    down: Mapped[bool] = mapped_column(default=False)


class CertificateNotice(Model):
    """Something that was told of a watched certificate, so that it is told once. `kind`: days, or a word."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id", ondelete="CASCADE"))
    sha256: Mapped[str]
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id", ondelete="SET NULL"))

    __table_args__ = (
        Index("ix_certificate_notice_certificate_id", "certificate_id", "id"),
        Index("ix_certificate_notice_event_id", "event_id"),
    )
