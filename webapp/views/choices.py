"""What fields of several forms offer: languages, colours and time zones."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.localedata import locale_identifiers
from flask_babel import gettext as _
from wtforms import SelectChoice

from webapp.views import language

# Where one language is written and dated in several ways, those that people ask for.
_REGIONS = (
    "de-AT",
    "de-CH",
    "en-GB",
    "en-US",
    "es-AR",
    "es-CL",
    "es-CO",
    "es-MX",
    "fr-CA",
    "fr-CH",
    "pt-PT",
    "zh-Hant",
)


def languages(present: str = "") -> list[SelectChoice]:
    """The languages of a contact: those that this program speaks, then all others; `present` is always among them."""
    spoken = [SelectChoice(tag, name, optgroup=_("Languages of Arauto")) for tag, name in language.LANGUAGES.items()]
    others = _others(language.locale())
    missing = present and present not in language.LANGUAGES and present not in dict(others)
    named = [*others, *([(present, language_name(present))] if missing else [])]
    return [*spoken, *(SelectChoice(tag, name, optgroup=_("Others")) for tag, name in named)]


def page_languages() -> list[SelectChoice]:
    """The languages of the pages for a person: what the browser asks for, or one of those that this program speaks."""
    spoken = [SelectChoice(tag, name) for tag, name in language.LANGUAGES.items()]
    return [SelectChoice("", _("As the browser asks for")), *spoken]


def themes() -> list[SelectChoice]:
    """Light and dark."""
    return [
        SelectChoice("auto", _("As the device")),
        SelectChoice("light", _("Light")),
        SelectChoice("dark", _("Dark")),
    ]


def language_name(tag: str) -> str:
    """A language in the viewer's own: `Portuguese (Brazil)`; the tag itself when nobody knows it."""
    if tag in language.LANGUAGES:
        return language.LANGUAGES[tag]
    return _name(tag, language.locale()) or tag


def zones(present: str = "UTC") -> list[SelectChoice]:
    """UTC first, then every place; not the technical names that only programs use, unless `present` is one."""
    others = [] if present == "UTC" or present in _places() else [present]
    return [SelectChoice("UTC"), *(SelectChoice(zone, zone.replace("_", " ")) for zone in (*others, *_places()))]


@lru_cache(maxsize=1)
def _places() -> tuple[str, ...]:
    known = available_timezones()
    return tuple(sorted(zone for zone in known if "/" in zone and not zone.startswith(("Etc/", "SystemV/"))))


@lru_cache(maxsize=8)
def _others(viewer: str) -> tuple[tuple[str, str], ...]:
    """Tag and name of each language that this program does not speak, by name; those without a name are left out."""
    tags = [*(tag for tag in locale_identifiers() if "_" not in tag), *_REGIONS]
    named = ((tag, _name(tag, viewer)) for tag in tags if tag not in language.LANGUAGES)
    return tuple(sorted(((tag, name) for tag, name in named if name), key=lambda pair: pair[1].casefold()))


def _name(tag: str, viewer: str) -> str:
    try:
        name = Locale.parse(tag, sep="-").get_display_name(viewer)
    except (UnknownLocaleError, ValueError):
        return ""
    return f"{name[:1].upper()}{name[1:]}" if name else ""
