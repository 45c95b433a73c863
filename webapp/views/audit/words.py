"""The audit log in plain words: who, what, and every field before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import current_app, url_for
from flask_babel import get_locale, gettext

from webapp.errors import N_
from webapp.views.desk import Noun

# The kinds of things, by the names that entries bear.
NOUNS: Mapping[str, str] = {
    "credentials": N_("Credential"),
    "smtp_accounts": N_("SMTP account"),
    "inbox_accounts": N_("Inbox account"),
    "parameters": N_("System parameters"),
    "contacts": N_("Contact"),
    "groups": N_("Group"),
    "notifications": N_("Notification"),
    "event_types": N_("Event type"),
    "texts": N_("Text"),
    "certificates": N_("Certificate"),
    "users": N_("User"),
    "tokens": N_("API token"),
    "messages": N_("Message"),
    "jobs": N_("Job"),
    "sandbox": N_("Sandbox mailbox"),
    "suppressed_addresses": N_("Suppressed address"),
}

# The word, icon and tone of each action.
ACTIONS: Mapping[str, tuple[str, str, str]] = {
    "created": (N_("Creation"), "plus-lg", "good"),
    "changed": (N_("Change"), "pencil", "quiet"),
    "removed": (N_("Removal"), "trash", "bad"),
    "tested": (N_("Test"), "send-check", "quiet"),
    "checked": (N_("Check now"), "arrow-clockwise", "quiet"),
    "sampled": (N_("Sample"), "send-check", "quiet"),
    "signed_in": (N_("Signing in"), "person", "good"),
    "signed_out": (N_("Signing out"), "box-arrow-right", "quiet"),
    "refused": (N_("Failed sign-in"), "exclamation-triangle", "doubt"),
    "cancelled": (N_("Cancellation"), "dash-circle", "quiet"),
    "resent": (N_("Resend"), "arrow-repeat", "quiet"),
    "answered": (N_("Answer"), "arrow-return-left", "quiet"),
    "lifted": (N_("Lifting"), "send", "good"),
    "started": (N_("Run on demand"), "play", "quiet"),
    "emptied": (N_("Emptying"), "trash", "bad"),
}

# Fields that stand in no form. Those that do are called as their form calls them.
FIELDS: Mapping[str, str] = {
    "copy": N_("Sent again as message"),
    "enabled": N_("Enabled"),
    "kind": N_("Kind"),
    "locale": N_("Language"),
    "mails": N_("Mails"),
    "message": N_("Message"),
    "messages": N_("Messages"),
    "name": N_("Name"),
    "password": N_("Password"),
    "role": N_("Role"),
    "scopes": N_("Scopes"),
    "secret": N_("Secret"),
    "theme": N_("Colours"),
    "timezone": N_("Time zone"),
    "to": N_("Recipient"),
}
SECRETS = frozenset({"secret", "password"})

_WHO: Mapping[str, Callable[[str], str]] = {
    "user": lambda name: name,
    "token": lambda name: gettext("API token %(name)s", name=name),
    "command": lambda name: gettext("%(name)s, on the command line", name=name),
    "visitor": lambda name: gettext("Somebody who had not signed in"),
    "arauto": lambda name: gettext("Arauto itself"),
}
WHO_ICONS: Mapping[str, str] = {
    "user": "person", "token": "key", "command": "terminal", "visitor": "question-circle", "arauto": "gear",
}  # fmt: skip

# Where the page of a thing is, for those that the desk does not make.
_PAGES = {"messages": ("outbox.show", "message_id"), "sandbox": ("sandbox.show", "mail_id")}


@dataclass(frozen=True, slots=True)
class Field:
    """One field before and after, in words; None where there was or is nothing of it."""

    label: str
    before: str | None
    after: str | None


def noun(entry: Any) -> str:
    """The kind of thing."""
    return noun_word(entry.noun)


def noun_word(name: str) -> str:
    """The word for one thing of a kind; a kind that is not known keeps its name."""
    return gettext(NOUNS[name]) if name in NOUNS else name


def name(entry: Any) -> str:
    """What the thing is called."""
    if entry.noun == "messages":
        return gettext("Message %(id)s to %(who)s", id=entry.number, who=entry.name)
    if entry.noun == "parameters" or not entry.name:
        return gettext("A name that no user has") if entry.noun == "users" else noun(entry)
    return entry.name


def who(entry: Any) -> str:
    """Who did it."""
    return _WHO[entry.actor_kind](entry.actor)


def fields(entry: Any) -> list[Field]:
    """Every field that changed; of a new or a removed thing those that said something, its name aside."""
    labels = _labels(entry.noun, str(get_locale()))
    found = [
        Field(labels.get(field, field), *(_value(field, value) for value in pair))
        for field, pair in entry.changes.items()
    ]
    if entry.action == "changed":
        return found
    return [
        field
        for field, key in zip(found, entry.changes, strict=True)
        if key != "name" and (field.before or field.after)
    ]


@cache
def _labels(kind: str, language: str) -> dict[str, str]:
    """The words for the fields of a kind of things in `language`, which is the one in force."""
    labels = {field: gettext(label) for field, label in FIELDS.items()}
    for made in _made(Noun):
        if getattr(made, "name", "") == kind:
            labels.update({field.short_name: field.label.text for field in made.form(formdata=None)})
    return labels


def _made(base: type[Noun]) -> Iterator[type[Noun]]:
    """All nouns of the desk; one that is changed in several forms is several."""
    for made in base.__subclasses__():
        yield made
        yield from _made(made)


def _value(field: str, value: Any) -> str | None:
    if value is None or value in ("", []):
        return None
    if field in SECRETS:
        return gettext("fingerprint %(digits)s", digits=value)
    if isinstance(value, dict):
        return _value(field, [part for part in value.values() if part])
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def distrust(entry: Any) -> str:
    """What to point out when a certificate is not verified in the usual way from then on; empty otherwise."""
    if _now(entry, "pinned_certificate"):
        return gettext("pinned certificate")
    return gettext("certificate not checked") if _now(entry, "ignore_certificate_errors") else ""


def _now(entry: Any, field: str) -> bool:
    return field in entry.changes and bool(entry.changes[field][1])


def page(entry: Any) -> str:
    """The address of the thing as it is now; empty when it was removed or has no page."""
    if entry.number is None or entry.action == "removed":
        return ""
    endpoint, key = _PAGES.get(entry.noun, (f"{entry.noun}.show", "number"))
    values: dict[str, Any] = {key: entry.number}
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""
