"""System parameters: named values with a default; only what differs is stored."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Annotated, Any

from flask import current_app
from pydantic import BeforeValidator
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from webapp.database.hot import HotStatement
from webapp.errors import N_
from webapp.models import Parameter
from webapp.services.entries import Entry, Item, Items, Section, World, version_of
from webapp.services.fields import EmptyUrl, lines, none_is_empty, one_of
from webapp.services.unit import driver

LANGUAGES = ("en", "pt-BR", "es")
LONGEST_FOOTER = 2000


class ParametersEntry(Entry):
    """The parameters as people write them. Without `base_url`, the setting ARAUTO_BASE_URL is in force."""

    footer_text: Annotated[str, BeforeValidator(none_is_empty), lines(LONGEST_FOOTER)] = ""
    base_url: EmptyUrl = ""
    language: Annotated[str, one_of(*LANGUAGES)] = "en"


_VALUE = HotStatement(select(Parameter.value).where(Parameter.name == bindparam("name")))

DEFAULTS: Mapping[str, str] = ParametersEntry().model_dump()


def read(session: Session) -> dict[str, str]:
    """Every parameter with the value in force; `base_url` falls back to the setting of that name."""
    values = _stored(session)
    return {**values, "base_url": values["base_url"] or current_app.config["ARAUTO_BASE_URL"]}


def base_url(session: Session) -> str:
    """The address that links in mails start with, without a slash at its end."""
    stored = _VALUE.one(driver(session), name="base_url")
    address: str = stored[0] if stored else current_app.config["ARAUTO_BASE_URL"]
    return address.rstrip("/")


def language(session: Session) -> str:
    """The language of what has no reader of its own: `en`, `pt-BR` or `es`."""
    stored = session.get(Parameter, "language")
    return stored.value if stored else DEFAULTS["language"]


def _stored(session: Session) -> dict[str, str]:
    return {**DEFAULTS, **{row.name: row.value for row in session.scalars(select(Parameter))}}


class Parameters(Section):
    """One entry that is always there; removing it means the defaults."""

    name, noun = "parameters", N_("parameter")
    entry, row = ParametersEntry, Parameter

    def key(self, data: Mapping[str, Any]) -> Hashable | None:
        return self.name

    def title(self, entry: Mapping[str, Any]) -> str:
        return self.name

    def read(self, session: Session) -> Items:
        values = _stored(session)
        return {self.name: Item(before=values, after=dict(values))}

    def version(self, item: Item, keys: Collection[str]) -> int:
        return version_of(item.before or {}, keys)

    def without(self, item: Item) -> dict[str, Any] | None:
        return dict(DEFAULTS)

    def find(self, items: Items, which: int | str) -> Item | None:
        return items[self.name]

    def blank(self) -> None:
        return None

    def put(self, session: Session, row: None, entry: Mapping[str, Any], world: World) -> None:
        for name, value in entry.items():
            stored = session.get(Parameter, name)
            if value != DEFAULTS[name]:
                session.merge(Parameter(name=name, value=value))
            elif stored is not None:
                session.delete(stored)
