"""The menu: one row per entry, in the groups of the side bar. What this person may not use is not shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app, g, request, url_for
from flask_babel import gettext

from webapp.errors import N_
from webapp.extensions import db
from webapp.queries import health


def _sandbox_in_use() -> bool:
    return bool(current_app.config["ARAUTO_SANDBOX"]) or health.sandbox_holds_mail(db.session())


@dataclass(frozen=True, slots=True)
class Entry:
    """`endpoint` is the list; every endpoint of its blueprint counts as being there. `when`: only while this holds."""

    endpoint: str
    word: str
    icon: str
    role: str = "viewer"
    when: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under one heading; the empty heading is not shown."""

    word: str
    entries: tuple[Entry, ...]


MENU: tuple[Group, ...] = (
    Group("", (Entry("overview.dashboard", N_("Overview"), "speedometer2"),)),
    Group(
        N_("Traffic"),
        (
            Entry("outbox.index", N_("Outbox"), "send"),
            Entry("inbox.index", N_("Inbox"), "inbox"),
            Entry("events.index", N_("Events"), "lightning"),
            Entry("sandbox.index", N_("Sandbox mailbox"), "mailbox", when=_sandbox_in_use),
        ),
    ),
    Group(
        N_("Notifications"),
        (
            Entry("notifications.index", N_("Notifications"), "bell"),
            Entry("contacts.index", N_("Contacts"), "person"),
            Entry("groups.index", N_("Groups"), "people"),
        ),
    ),
    Group(
        N_("E-mail"),
        (
            Entry("smtp_accounts.index", N_("SMTP configuration"), "envelope", "admin"),
            Entry("inbox_accounts.index", N_("IMAP/POP3 configuration"), "inbox", "admin"),
        ),
    ),
    Group(
        N_("Settings"),
        (
            Entry("credentials.index", N_("Credentials"), "key", "admin"),
            Entry("certificates.index", N_("Certificates"), "patch-check"),
            Entry("parameters.index", N_("System parameters"), "sliders", "admin"),
            Entry("jobs.index", N_("Jobs"), "clock-history", "admin"),
            Entry("users.index", N_("Users"), "person-circle", "admin"),
            Entry("tokens.index", N_("API tokens"), "braces", "admin"),
            Entry("audit.index", N_("Audit log"), "journal-text", "admin"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as it is shown now."""

    word: str
    icon: str
    path: str
    current: bool


def links() -> list[tuple[str, list[Link]]]:
    """The groups with the links that this person sees; a group without any is left out."""
    shown = [
        (group.word and gettext(group.word), [_link(entry) for entry in group.entries if _visible(entry)])
        for group in MENU
    ]
    return [(word, entries) for word, entries in shown if entries]


def _visible(entry: Entry) -> bool:
    return (
        entry.endpoint in current_app.view_functions
        and g.viewer.may(entry.role)
        and (entry.when is None or entry.when())
    )


def _link(entry: Entry) -> Link:
    here = (request.blueprint or "") == entry.endpoint.partition(".")[0]
    return Link(gettext(entry.word), entry.icon, url_for(entry.endpoint), here)
