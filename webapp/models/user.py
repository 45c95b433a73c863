from __future__ import annotations

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.clock import now
from webapp.extensions import Model
from webapp.models.types import Id, Named, UtcDateTime

ROLES = ("viewer", "operator", "admin")


class User(Named, Model):
    """A person who signs in. Each role may do all that the one before it may."""

    password_hash: Mapped[str] = mapped_column(deferred=True)
    role: Mapped[str] = mapped_column(default="viewer")
    enabled: Mapped[bool] = mapped_column(default=True)
    locale: Mapped[str] = mapped_column(default="")
    timezone: Mapped[str] = mapped_column(default="UTC")
    theme: Mapped[str] = mapped_column(default="auto")
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_sign_in_address: Mapped[str] = mapped_column(default="", server_default="")

    __table_args__ = (CheckConstraint("role IN ({})".format(", ".join(f"'{role}'" for role in ROLES)), name="role"),)
    __mapper_args__ = {"version_id_col": Named.version}

    def may(self, role: str) -> bool:
        """Whether this person has at least `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


class WebSession(UserMixin, Model):
    """A sign-in. Its row is the session: deleting it signs the browser out, wherever the cookie is kept."""

    key_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    address: Mapped[str] = mapped_column(default="")

    user: Mapped[User] = relationship(lazy="joined")


class SeenAddress(Model):
    """Where a user has signed in from: an IPv4 address, or the network (/64) of an IPv6 one."""

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class SignInFailure(Model):
    """A refused sign-in, kept long enough to slow down guessing."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
