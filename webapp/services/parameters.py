"""System parameters: named values with a default; only what differs is stored."""

from __future__ import annotations

from collections.abc import Mapping

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.models import Parameter
from webapp.services.unit import write

LANGUAGES = ("en", "pt-BR", "es")
DEFAULTS: Mapping[str, str] = {"footer_text": "", "base_url": "", "language": "en"}


def read(session: Session) -> dict[str, str]:
    """Every parameter with the value in force; `base_url` falls back to the setting of that name."""
    values = {**DEFAULTS, "base_url": current_app.config["ARAUTO_BASE_URL"]}
    values.update({row.name: row.value for row in session.scalars(select(Parameter))})
    return values


def base_url(session: Session) -> str:
    """The address that links in mails start with, without a slash at its end."""
    stored = session.get(Parameter, "base_url")
    return (stored.value if stored else current_app.config["ARAUTO_BASE_URL"]).rstrip("/")


def change(values: Mapping[str, str]) -> None:
    """Store parameters; an unknown name is refused."""
    unknown = sorted(set(values) - set(DEFAULTS))
    if unknown:
        raise InvalidInput.at(f"parameters.{unknown[0]}", "There is no such parameter.")
    with write() as session:
        for name, value in values.items():
            session.merge(Parameter(name=name, value=value))
