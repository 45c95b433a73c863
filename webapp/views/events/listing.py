"""The filters and the columns of the events, as their address holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext

from webapp.queries import plain
from webapp.queries.events import SEVERITIES, Filters
from webapp.views.filters import Asked
from webapp.views.severities import severities

COLUMNS = ("type", "severity", "source", "messages", "occurred", "made")
USUAL = ("type", "severity", "source", "messages", "made")


def filters(asked: Asked) -> Filters:
    """What the address asks for."""
    return Filters(
        type=asked.text("type"),
        severity=asked.choice("severity", SEVERITIES),
        source=asked.text("source"),
        text=asked.text("text"),
        since=asked.moment("since"),
        until=asked.moment("until", end=True),
    )


def labels() -> Mapping[str, str]:
    """The filters by their names in the address."""
    return {
        "text": _("Title"),
        "type": _("Event type"),
        "severity": _("Severity"),
        "source": _("Source"),
        "since": pgettext("time", "From"),
        "until": pgettext("time", "To"),
    }


def shown() -> Mapping[str, Callable[[str], str]]:
    """How the value of a filter is said, where it is not as it was typed."""
    return {
        "severity": lambda value: severities()[value],
        "since": lambda value: value.replace("T", " "),
        "until": lambda value: value.replace("T", " "),
    }


def column_words() -> Mapping[str, str]:
    """The headings of the columns; that of the title comes before all others."""
    return {
        "type": _("Event type"),
        "severity": _("Severity"),
        "source": _("Source"),
        "messages": _("Messages"),
        "occurred": _("Occurred"),
        "made": _("Recorded"),
    }


def headings(columns: Iterable[str]) -> list[dict[str, Any]]:
    """The columns as the macro `table` takes them."""
    words = column_words()
    more: Mapping[str, dict[str, Any]] = {"messages": {"number": True}, "made": {"sort": "made"}}
    return [{"word": _("Title")}, *[{"word": words[name], **more.get(name, {})} for name in columns]]


def exported(row: Any) -> dict[str, Any]:
    """A line of the export: the values of the API, and the number of messages."""
    return {**plain.event(row), "messages": row.messages}
