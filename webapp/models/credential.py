from __future__ import annotations

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Model
from webapp.models.types import Named


class Credential(Named, Model):
    """A user name and its secret. The secret is sealed (see `services.vault`) and is never shown again."""

    username: Mapped[str]
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    __mapper_args__ = {"version_id_col": Named.version}
