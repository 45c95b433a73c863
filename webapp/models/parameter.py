from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Model


class Parameter(Model):
    """A system parameter that differs from its default (see `services.parameters`)."""

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
