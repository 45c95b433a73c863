"""Contacts: people and where they are reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from webapp.errors import N_
from webapp.models import Contact
from webapp.services.entries import Entry, Section, World, fill
from webapp.services.fields import EmptyEmail, EmptyMobile, LocaleTag, Name, Zone
from webapp.services.parameters import LANGUAGES


class ContactEntry(Entry):
    """A contact as people write it. Neither address is needed: what is shown on screen goes by the name."""

    name: Name
    email: EmptyEmail = ""
    mobile: EmptyMobile = ""
    locale: LocaleTag = "en"
    timezone: Zone = "UTC"
    enabled: bool = True


class Contacts(Section):
    """Who is new reads the language of the system parameters, unless the input says another one."""

    name, noun = "contacts", N_("contact")
    entry, row = ContactEntry, Contact

    def defaults(self, world: World) -> dict[str, Any]:
        [parameters] = world["parameters"].values()
        language = (parameters.after or {}).get("language")
        return {"locale": language} if language in LANGUAGES else {}

    def put(self, session: Session, row: Contact, entry: Mapping[str, Any], world: World) -> None:
        fill(row, entry)
        session.add(row)
