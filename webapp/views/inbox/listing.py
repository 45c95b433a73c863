"""The filters and the columns of the inbox, as its address holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext

from webapp.extensions import db
from webapp.queries import inbound, plain
from webapp.queries.inbound import KINDS, STATES, WITH_ERROR, Filters
from webapp.views import reports
from webapp.views.filters import Asked

COLUMNS = ("sender", "account", "kind", "effect", "error", "state", "size", "made")
USUAL = ("sender", "account", "kind", "effect", "error", "made")


def filters(asked: Asked) -> Filters:
    """What the address asks for."""
    return Filters(
        account=asked.text("account"),
        kind=asked.choice("kind", KINDS),
        state=asked.choice("state", STATES),
        error=asked.choice("error", WITH_ERROR),
        answers=asked.number("answers"),
        text=asked.text("text"),
        since=asked.moment("since"),
        until=asked.moment("until", end=True),
    )


def labels() -> Mapping[str, str]:
    """The filters by their names in the address."""
    return {
        "text": _("Sender or subject"),
        "account": _("Account"),
        "kind": _("Kind"),
        "state": _("State"),
        "error": _("Error"),
        "answers": _("Answers message"),
        "since": pgettext("time", "From"),
        "until": pgettext("time", "To"),
    }


def shown() -> Mapping[str, Callable[[str], str]]:
    """How the value of a filter is said, where it is not as it was typed."""
    return {
        "kind": lambda value: kind_words()[value],
        "state": lambda value: state_words()[value],
        "error": lambda value: error_words()[value],
        "since": lambda value: value.replace("T", " "),
        "until": lambda value: value.replace("T", " "),
    }


def kind_words() -> dict[str, str]:
    """The kinds of mail as people call them."""
    return {
        "bounce": _("bounce"),
        "delivery_report": _("delivery report"),
        "read_receipt": _("read receipt"),
        "feedback_report": _("abuse report"),
        "automatic_answer": _("automatic answer"),
        "reply": _("reply"),
        "other": _("other mail"),
    }


def state_words() -> dict[str, str]:
    """How far a mail got."""
    return {
        "received": _("being processed"),
        "processed": _("processed"),
        "held": _("held"),
        "too_large": _("too large"),
    }


def error_words() -> dict[str, str]:
    """Whether a mail is held with an error."""
    return {"yes": _("yes"), "no": _("no")}


def effect_words() -> dict[str, str]:
    """What a mail did."""
    return {
        "": "–",
        "nothing": _("none: it answers no message of ours"),
        "bounced": _("the message is bounced"),
        "soft_bounce": _("noted: a temporary failure"),
        "delivered": _("the message is delivered"),
        "read": _("the message is read"),
        "reply": _("on the message's timeline"),
        "automatic": _("noted: an automatic answer"),
        "noted": _("noted on the message's timeline"),
        "event": _("it became an event"),
        "own": _("none: an Arauto wrote it"),
    }


def accounts(chosen: str) -> list[tuple[str, str]]:
    """The accounts that a report can be narrowed to."""
    return reports.options(inbound.account_names(db.session()), chosen)


def column_words() -> Mapping[str, str]:
    """The headings of the columns; that of the subject comes before all others."""
    return {
        "sender": _("Sender"),
        "account": _("Account"),
        "kind": _("Kind"),
        "effect": _("Effect"),
        "error": _("Error"),
        "state": _("State"),
        "size": _("Size"),
        "made": _("Received"),
    }


def headings(columns: Iterable[str]) -> list[dict[str, Any]]:
    """The columns as the macro `table` takes them."""
    words = column_words()
    more: Mapping[str, dict[str, Any]] = {"size": {"number": True}}
    return [{"word": _("Subject")}, *[{"word": words[name], **more.get(name, {})} for name in columns]]


def exported(row: Any) -> dict[str, Any]:
    """A line of the export: the values of the API."""
    return {**plain.inbound(row), "size": row.size}
