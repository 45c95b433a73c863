"""Texts: an administrator's words for one type, channel and language."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Annotated, Any

from flask_babel import gettext as _
from pydantic import AfterValidator, ValidationInfo
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import N_
from webapp.models import Text
from webapp.services import tags
from webapp.services.entries import Entry, Section, World
from webapp.services.fields import Channel, EmptyLine, LocaleTag, check_locale, lines, reference


def check_tags(text: str) -> str:
    """Refuses what looks like a tag but would never be filled."""
    unknown = tags.unknown(text)
    if unknown:
        known = ", ".join([*sorted(tags.KNOWN), f"{tags.FREE}NAME"])
        words = _("There is no tag %(unknown)s. The tags are %(known)s.", unknown=", ".join(unknown), known=known)
        raise ValueError(words)
    if "{{" in tags.TAG.sub("", text):
        words = _("A tag is a name between double braces, such as {{ event.title }}, and nothing else.")
        raise ValueError(words)
    return text


def _needed_in_mail(text: str, info: ValidationInfo) -> str:
    if not text and info.data.get("channel") == "email":
        raise ValueError(_("A mail needs a subject."))
    return text


class TextEntry(Entry):
    """A text as people write it."""

    type: Annotated[str, reference("event_types", N_("event type"))]
    channel: Channel
    locale: LocaleTag = "en"
    subject: Annotated[EmptyLine, AfterValidator(check_tags), AfterValidator(_needed_in_mail)] = ""
    body: Annotated[str, lines(needed=True), AfterValidator(check_tags)]


class Texts(Section):
    """One text for each type, channel and language."""

    name, noun = "texts", N_("text")
    entry, row = TextEntry, Text
    key_field = "type"
    references = {"type": "event_types"}

    def key(self, data: Mapping[str, Any]) -> Hashable | None:
        parts = data.get("type"), data.get("channel"), data.get("locale", "en")
        if not all(isinstance(part, str) for part in parts):
            return None
        try:
            return (*parts[:2], check_locale(parts[2]))
        except ValueError:
            return parts

    def title(self, entry: Mapping[str, Any]) -> str:
        return f"{entry['type']} {entry['channel']} {entry['locale']}"

    def taken(self) -> str:
        return _("There is already a text of this type for this channel and language; change that one.")

    def rows(self, session: Session) -> list[Text]:
        return list(session.scalars(select(Text).order_by(Text.type, Text.channel, Text.locale)))

    def put(self, session: Session, row: Text, entry: Mapping[str, Any], world: World) -> None:
        for name, value in entry.items():
            setattr(row, name, value)
        session.add(row)
