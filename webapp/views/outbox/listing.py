"""The filters and the columns of the outbox, as its address holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext

from webapp.queries import plain
from webapp.queries.messages import STATES, Filters
from webapp.services.matching import Rulebook
from webapp.views import reports
from webapp.views.filters import Asked

CHANNELS = ("email", "sms", "screen")
COLUMNS = ("recipient", "state", "account", "type", "channel", "notification", "attempts", "sent", "made")
USUAL = ("recipient", "state", "account", "made")


def filters(asked: Asked) -> Filters:
    """What the address asks for."""
    return Filters(
        state=asked.choice("state", STATES),
        channel=asked.choice("channel", CHANNELS),
        recipient=asked.text("recipient"),
        account=asked.text("account"),
        event_type=asked.text("type"),
        notification=asked.text("notification"),
        event_id=asked.number("event"),
        text=asked.text("text"),
        since=asked.moment("since"),
        until=asked.moment("until", end=True),
    )


def labels() -> Mapping[str, str]:
    """The filters by their names in the address, but for the state, which has buttons of its own."""
    return {
        "text": _("Subject"),
        "recipient": _("Recipient"),
        "account": _("Account"),
        "type": _("Event type"),
        "notification": _("Notification"),
        "channel": _("Channel"),
        "since": pgettext("time", "From"),
        "until": pgettext("time", "To"),
        "event": _("Event"),
    }


def channel_words() -> Mapping[str, str]:
    """The channels as people call them."""
    return {"email": _("E-mail"), "sms": _("SMS"), "screen": _("Screen")}


def shown() -> Mapping[str, Callable[[str], str]]:
    """How the value of a filter is said, where it is not as it was typed."""
    return {
        "channel": lambda value: channel_words()[value],
        "since": lambda value: value.replace("T", " "),
        "until": lambda value: value.replace("T", " "),
    }


def choices(asked: Asked, accounts: Iterable[str], book: Rulebook) -> Mapping[str, list[tuple[str, str]]]:
    """What the fields with a list offer: [(value, words)]."""
    rules = (rule.name for rule in book.rules)
    return {
        "account": reports.options(accounts, asked.typed("account")),
        "type": reports.options(book.types, asked.typed("type")),
        "notification": reports.options(rules, asked.typed("notification")),
        "channel": list(channel_words().items()),
    }


def exported(row: Any) -> dict[str, Any]:
    """A line of the export: the values of the API, and what only the report shows."""
    kept = plain.message(row)
    return {**kept, "event_type": row.event_type, "notification": row.notification}


def column_words() -> Mapping[str, str]:
    """The headings of the columns; that of the subject comes before all others."""
    return {
        "recipient": _("Recipient"),
        "state": _("State"),
        "account": _("Account"),
        "type": _("Event type"),
        "channel": _("Channel"),
        "notification": _("Notification"),
        "attempts": _("Attempts"),
        "sent": _("Sent"),
        "made": _("Made"),
    }


def headings(columns: Iterable[str], *, sortable: bool = True) -> list[dict[str, Any]]:
    """The columns as the macro `table` takes them, the subject first and the menu of the row last."""
    words = column_words()
    more: Mapping[str, dict[str, Any]] = {"attempts": {"number": True}, "made": {"sort": "made"} if sortable else {}}
    chosen = [{"word": words[name], **more.get(name, {})} for name in columns]
    return [{"word": _("Subject")}, *chosen, {"word": _("Actions"), "hidden": True}]
