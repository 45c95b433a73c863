"""The filters and the columns of the audit log, as their address holds them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext

from webapp.queries import plain
from webapp.queries.audit import Filters
from webapp.views.audit import words
from webapp.views.filters import Asked

COLUMNS = ("action", "who", "address", "number", "made")
USUAL = ("action", "who", "address", "made")


def filters(asked: Asked) -> Filters:
    """What the address asks for."""
    return Filters(
        actor=asked.text("actor"),
        action=asked.choice("action", words.ACTIONS),
        noun=asked.text("noun"),
        number=asked.number("number"),
        text=asked.text("text"),
        since=asked.moment("since"),
        until=asked.moment("until", end=True),
    )


def labels() -> Mapping[str, str]:
    """The filters by their names in the address."""
    return {
        "text": _("Name"),
        "actor": _("Who"),
        "action": _("Action"),
        "noun": _("Kind"),
        "number": _("Number"),
        "since": pgettext("time", "From"),
        "until": pgettext("time", "To"),
    }


def shown() -> Mapping[str, Callable[[str], str]]:
    """How the value of a filter is said, where it is not as it was typed."""
    return {
        "action": lambda value: dict(actions())[value],
        "noun": words.noun_word,
        "since": lambda value: value.replace("T", " "),
        "until": lambda value: value.replace("T", " "),
    }


def actions() -> list[tuple[str, str]]:
    """The actions and their words."""
    return [(name, _(word)) for name, (word, *_look) in words.ACTIONS.items()]


def nouns(chosen: str) -> list[tuple[str, str]]:
    """The kinds of things and their words, in alphabetical order."""
    names = {*words.NOUNS, *([chosen] if chosen else [])}
    return sorted(((name, words.noun_word(name)) for name in names), key=lambda choice: choice[1].casefold())


def column_words() -> Mapping[str, str]:
    """The headings of the columns; that of the thing comes before all others."""
    return {
        "action": _("Action"),
        "who": _("Who"),
        "address": _("From where"),
        "number": _("Number"),
        "made": _("When"),
    }


def headings(columns: Iterable[str]) -> list[dict[str, Any]]:
    """The columns as the macro `table` takes them."""
    titles = column_words()
    more: Mapping[str, dict[str, Any]] = {"number": {"number": True}, "made": {"sort": "made"}}
    return [{"word": _("What")}, *[{"word": titles[name], **more.get(name, {})} for name in columns]]


def exported(entry: Any) -> dict[str, Any]:
    """A line of the export."""
    return {
        "id": entry.id,
        "at": plain.moment(entry.at),
        **{key: getattr(entry, key) for key in ("actor_kind", "actor", "address", "action", "noun", "number", "name")},
        "changes": json.dumps(entry.changes, ensure_ascii=False),
    }
