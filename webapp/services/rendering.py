"""Rendering: an event and a text become the words of a message. Reads nothing, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import UnknownLocaleError
from flask import current_app
from flask_babel import force_locale, format_datetime, gettext

from webapp.mail.compose import Words
from webapp.models.catalogue import TypeInfo
from webapp.services import tags
from webapp.services.matching import Recipient, Rulebook

DEFAULT_LOCALE = "en"


def _(text: str) -> str:
    """Marks a built-in text for the translation catalogue; it is translated when it is rendered."""
    return text


@dataclass(frozen=True, slots=True)
class TextSource:
    """The words of a type for a channel before the tags are filled."""

    subject: str
    body: str


BUILT_IN: Mapping[str, TextSource] = {
    "email": TextSource(
        _("[{{ event.severity }}] {{ type.title }}: {{ event.title }}"),
        _("{{ event.title }}\n\n{{ event.body }}"),
    ),
    "sms": TextSource("", _("{{ type.title }}: {{ event.title }}. {{ event.body }}")),
    "screen": TextSource(_("{{ type.title }}: {{ event.title }}"), _("{{ event.title }}\n\n{{ event.body }}")),
}

SEVERITY_WORDS: Mapping[str, str] = {
    "info": _("Information"),
    "warning": _("Warning"),
    "error": _("Error"),
    "critical": _("Critical"),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """The event as the words see it."""

    id: int
    type: str
    severity: str
    title: str
    body: str
    attributes: Mapping[str, Any]
    source: str
    occurred_at: datetime


class Renderer:
    """Renders one event for many recipients; words that two of them share are made once."""

    def __init__(self, book: Rulebook, happening: Happening, base_url: str):
        self._book = book
        self._happening = happening
        self._link = f"{base_url}/events/{happening.id}"
        self._made: dict[tuple[object, ...], Words] = {}

    def words(self, recipient: Recipient) -> Words:
        """The message for `recipient`, in their language and with their local time."""
        person, channel = recipient.person, recipient.channel
        source = self._source(channel, person.locale)
        personal = tags.is_personal(source.subject + source.body)
        zone = person.timezone
        key = (channel, person.locale, zone, recipient.rule.id, person.id if personal else 0)
        if key not in self._made:
            with force_locale(known_locale(person.locale)):
                self._made[key] = self._make(recipient, source)
        return self._made[key]

    def _source(self, channel: str, locale: str) -> TextSource:
        for candidate in (locale, locale.split("-")[0], DEFAULT_LOCALE):
            row = self._book.texts.get((self._happening.type, channel, candidate))
            if row:
                return TextSource(row["subject"], row["body"])
        return BUILT_IN[channel]

    def _make(self, recipient: Recipient, source: TextSource) -> Words:
        info = self._book.types[self._happening.type]
        built_in = source is BUILT_IN[recipient.channel]
        values = self._values(recipient, info)
        subject = tags.fill(gettext(source.subject) if built_in and source.subject else source.subject, values)
        body = tags.fill(gettext(source.body) if built_in else source.body, values).strip()
        if recipient.channel != "email":
            return Words(subject, body)
        facts = self._facts(values, recipient)
        context = {"values": values, "body": body, "facts": facts, "severity": self._happening.severity}
        return Words(
            " ".join(subject.split()),
            current_app.jinja_env.get_template("texts/email.txt").render(context),
            current_app.jinja_env.get_template("texts/email.html").render(context),
        )

    def _values(self, recipient: Recipient, info: TypeInfo) -> dict[str, str]:
        happening = self._happening
        return {
            "event.id": str(happening.id),
            "event.type": happening.type,
            "event.severity": gettext(SEVERITY_WORDS[happening.severity]),
            "event.title": happening.title,
            "event.body": happening.body,
            "event.source": happening.source,
            "event.time": local_time(happening.occurred_at, recipient.person.timezone),
            "event.link": self._link,
            "type.title": gettext(info.title) if info.built_in else info.title,
            "type.category": gettext(info.category) if info.built_in else info.category,
            "contact.name": recipient.person.name,
            "contact.email": recipient.person.email,
            "notification.name": recipient.rule.name,
            **{f"{tags.FREE}{name}": _plain(value) for name, value in happening.attributes.items()},
        }

    def _facts(self, values: Mapping[str, str], recipient: Recipient) -> list[tuple[str, str]]:
        attributes = [(name, _plain(value)) for name, value in self._happening.attributes.items()]
        return [
            (gettext("What"), values["type.title"]),
            (gettext("Severity"), values["event.severity"]),
            (gettext("When"), values["event.time"]),
            *([(gettext("Source"), values["event.source"])] if values["event.source"] else []),
            *attributes,
        ]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def known_locale(locale: str) -> str:
    """`pt-BR` as Babel spells it; the default language for one that is not known."""
    from babel import Locale

    try:
        return str(Locale.parse(locale, sep="-"))
    except (UnknownLocaleError, ValueError):
        return DEFAULT_LOCALE


def local_time(instant: datetime, zone: str) -> str:
    """An instant in words for a reader in `zone`, in the language in force, with the zone named."""
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        place = ZoneInfo("UTC")
    local = instant.astimezone(place)
    return f"{format_datetime(local, 'medium', rebase=False)} ({place.key})"
