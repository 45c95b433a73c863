"""Rendering: an event and a text become the words of a message. Reads nothing, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime
from flask_babel import force_locale, gettext
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from webapp.config import ROOT
from webapp.errors import N_
from webapp.mail.compose import Words
from webapp.models.sayings import said
from webapp.services import layout, tags
from webapp.services.matching import Recipient, Rulebook

DEFAULT_LOCALE = "en"
# Apart from the pages' templates: a mail is the same from every process, and takes nothing but what it is handed.
_TEMPLATES = Environment(
    loader=FileSystemLoader(ROOT / "templates" / "texts"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_TEMPLATES.globals.clear()


@dataclass(frozen=True, slots=True)
class TextSource:
    """The words of a type for a channel before the tags are filled."""

    subject: str
    body: str


BUILT_IN: Mapping[str, TextSource] = {
    "email": TextSource(
        N_("[{{ event.severity }}] {{ type.title }}: {{ event.title }}"),
        N_("{{ event.title }}\n\n{{ event.body }}"),
    ),
    "sms": TextSource("", N_("{{ type.title }}: {{ event.title }}. {{ event.body }}")),
    "screen": TextSource(N_("{{ type.title }}: {{ event.title }}"), N_("{{ event.title }}\n\n{{ event.body }}")),
}

SAMPLE_MARK = N_("[Sample]")
SAMPLE_NOTICE = N_("This is a sample of the notification {{ notification.name }}: nothing happened.")

SEVERITY_WORDS: Mapping[str, str] = {
    "info": N_("Information"),
    "warning": N_("Warning"),
    "error": N_("Error"),
    "critical": N_("Critical"),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A template marked N_, and what fills it: a part of words of ours."""

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnWords:
    """Words of ours about an event: templates marked N_, and what fills them. `error` may be words about a delivery.

    A fact is a plain value, a phrase, several of them, or an instant, which is told in the reader's zone. `labels` are
    what mails call the attributes.
    """

    title: str
    body: str
    facts: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happening:
    """The event as the words see it. `page`: where below our address its mail leads to, if not to the event."""

    id: int
    type: str
    severity: str
    title: str
    body: str
    attributes: Mapping[str, Any]
    source: str
    occurred_at: datetime
    own: OwnWords | None = None
    page: str = ""


class Language:
    """Phrases and times in one language, each made once."""

    def __init__(self, tag: str):
        self.locale = known_locale(tag)
        self._phrases: dict[str, str] = {}

    def say(self, text: str) -> str:
        """A text of the catalogue in this language."""
        if text not in self._phrases:
            with force_locale(str(self.locale)):
                self._phrases[text] = gettext(text)
        return self._phrases[text]

    def own(self, words: OwnWords, zone: str = "UTC") -> tuple[str, str]:
        """Title and body of an event of ours in this language."""
        facts = {name: self._fact(name, fact, zone) for name, fact in words.facts.items()}
        return self.say(words.title) % facts, self.say(words.body) % facts

    def phrase(self, phrase: Phrase, zone: str = "UTC") -> str:
        """A phrase in this language."""
        return self.say(phrase.text) % {name: self._fact(name, fact, zone) for name, fact in phrase.facts.items()}

    def _fact(self, name: str, fact: Any, zone: str) -> Any:
        if isinstance(fact, Phrase):
            return self.phrase(fact, zone)
        if isinstance(fact, datetime):
            return self.time(fact, zone)
        if isinstance(fact, tuple):
            return ", ".join(str(self._fact(name, each, zone)) for each in fact)
        return said(fact, self.say) if name == "error" else fact

    def time(self, instant: datetime, zone: str) -> str:
        """An instant in words for a reader in `zone`, which is named; in UTC when there is no such zone."""
        return _time(self.locale, instant.replace(microsecond=0), zone)  # no words tell less than a second


@lru_cache(maxsize=1024)
def _time(locale: Locale, instant: datetime, zone: str) -> str:
    place: tzinfo = UTC
    with suppress(ZoneInfoNotFoundError, ValueError, OSError):
        place = ZoneInfo(zone)
    words = format_datetime(instant.astimezone(place), "medium", locale=locale)
    # A narrow no-break space would make an SMS twice as long.
    return f"{words} ({place})".replace("\u202f", " ")


# Its phrases are those of the catalogues, which a process reads once.
language_of = lru_cache(maxsize=64)(Language)


class Renderer:
    """Renders events for their recipients by one rulebook; words that two recipients share are made once.

    `sample`: what it makes says of itself that nothing happened.
    """

    def __init__(self, book: Rulebook, base_url: str, *, sample: bool = False):
        self._book = book
        self._base_url = base_url
        self._sample = sample
        self._made: dict[tuple[object, ...], Words] = {}

    def words(self, happening: Happening, recipient: Recipient) -> Words:
        """The message about `happening` for `recipient`, in their language and with their local time."""
        person, channel = recipient.person, recipient.channel
        source = self._source(happening.type, channel, person.locale)
        template = f"{source.subject}\n{source.body}"
        key = (
            happening.id,
            channel,
            person.locale,
            person.timezone,
            recipient.rule.id if tags.uses(template, "notification") else 0,
            person.id if tags.uses(template, "contact") else 0,
        )
        if key not in self._made:
            self._made[key] = self._make(happening, recipient, source)
        return self._made[key]

    def _source(self, event_type: str, channel: str, locale: str) -> TextSource:
        for candidate in (locale, locale.split("-")[0], DEFAULT_LOCALE):
            row = self._book.texts.get((event_type, channel, candidate))
            if row:
                return TextSource(row["subject"], row["body"])
        return BUILT_IN[channel]

    def _make(self, happening: Happening, recipient: Recipient, source: TextSource) -> Words:
        language = language_of(recipient.person.locale)
        if source is BUILT_IN[recipient.channel]:
            source = TextSource(source.subject and language.say(source.subject), language.say(source.body))
        values = self._values(happening, recipient, language)
        subject = " ".join(tags.fill(source.subject, values).split())
        own = body = tags.fill(source.body, values).strip()
        notice = tags.fill(language.say(SAMPLE_NOTICE), values) if self._sample else ""
        if notice:
            subject, body = f"{language.say(SAMPLE_MARK)} {subject}".strip(), f"{notice}\n\n{own}"
        if recipient.channel != "email":
            return Words(subject, body)
        facts = _facts(happening, values, language)
        context = {
            "subject": subject,
            "body": body,
            "paragraphs": [*layout.paragraphs(notice), *_below_heading(own, values["event.title"])],
            "values": values,
            "severity": happening.severity,
            "facts": [(label, layout.lines(value)) for label, value in facts],
            "facts_as_text": layout.aligned(facts),
            "action": language.say(N_("Open in Arauto")),
            "language": str(language.locale).replace("_", "-"),
            "direction": language.locale.text_direction,
        }
        template = _TEMPLATES.get_template
        return Words(subject, template("email.txt").render(context), template("email.html").render(context))

    def _values(self, happening: Happening, recipient: Recipient, language: Language) -> dict[str, str]:
        info = self._book.types[happening.type]
        zone = recipient.person.timezone
        title, body = language.own(happening.own, zone) if happening.own else (happening.title, happening.body)
        return {
            "event.id": str(happening.id),
            "event.type": happening.type,
            "event.severity": language.say(SEVERITY_WORDS[happening.severity]),
            "event.title": title,
            "event.body": body,
            "event.source": happening.source,
            "event.time": language.time(happening.occurred_at, zone),
            "event.link": f"{self._base_url}/{happening.page or f'events/{happening.id}'}",
            "type.title": language.say(info.title) if info.built_in else info.title,
            "type.category": language.say(info.category),
            "contact.name": recipient.person.name,
            "contact.email": recipient.person.email,
            "notification.name": recipient.rule.name,
            **{f"{tags.FREE}{name}": _plain(value) for name, value in happening.attributes.items()},
        }


def _facts(happening: Happening, values: Mapping[str, str], language: Language) -> list[tuple[str, str]]:
    source = [(language.say(N_("Source")), happening.source)] if happening.source else []
    labels = happening.own.labels if happening.own else {}
    return [
        (language.say(N_("What")), values["type.title"]),
        (language.say(N_("Severity")), values["event.severity"]),
        (language.say(N_("When")), values["event.time"]),
        *source,
        *((language.say(labels.get(name, name)), _plain(value)) for name, value in happening.attributes.items()),
    ]


def _below_heading(body: str, title: str) -> list[Markup]:
    """The paragraphs of a body in HTML, where the title stands above them already."""
    found = layout.paragraphs(body)
    return found[1:] if found[:1] == layout.paragraphs(title) else found


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def known_locale(tag: str) -> Locale:
    """The locale of a tag such as `pt-BR`; the default language's for one that is not known."""
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(DEFAULT_LOCALE)
