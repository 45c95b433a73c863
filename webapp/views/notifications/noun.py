"""Notifications as the desk knows them: the list, and one noun for each tab of the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp.errors import Problem
from webapp.extensions import db
from webapp.queries import notifications as reads
from webapp.queries import reasons, types
from webapp.services import configuration, rehearsal, rules
from webapp.services.configuration import Stored
from webapp.services.notifications import NotificationEntry, ways_out
from webapp.views import desk
from webapp.views.desk import Column, DeskForm, Words
from webapp.views.notifications import review, words
from webapp.views.notifications.forms import NotificationForm, PeopleForm, TypesForm

KEPT_BY_CLONE = ("types", "contacts", "groups")


@dataclass(frozen=True, slots=True)
class More:
    """`types` of each row in words and the number of its `people`, by its number; when it last `fired`, by its name."""

    types: Mapping[int, list[str]]
    people: Mapping[int, int]
    fired: Mapping[str, datetime]
    ways: Mapping[str, bool]


class Notifications(desk.Noun):
    """The first tab: name and channels. A new one has neither types nor people yet, so it begins disabled."""

    name, path = "notifications", "/notifications"
    listing, form = reads.NOTIFICATIONS, NotificationForm
    reader = "viewer"
    page = "notifications/show.html"
    words = Words(
        title=_l("Notifications"),
        hint=_l("Who is told what, and by which channels."),
        new=_l("New notification"),
        empty=_l("A notification says which events are told to whom: types, channels and people."),
        icon="bell",
    )
    columns = {
        "name": Column(_l("Name"), "name"),
        "id": Column(_l("ID"), "id", number=True),
        "channels": Column(_l("Channels")),
        "types": Column(_l("Types")),
        "severity": Column(_l("Severity")),
        "people": Column(_l("People"), number=True),
        "account": Column(_l("Account")),
        "enabled": Column(_l("Enabled")),
        "fired": Column(_l("Last fired")),
        "changed": Column(_l("Changed"), "changed"),
    }
    usual = ("channels", "types", "people", "enabled", "fired")

    def new(self) -> dict[str, Any]:
        fields = NotificationEntry.model_fields
        return {name: fields[name].default for name in ("channels", "min_severity")}

    def fill(self, form: DeskForm) -> None:
        if isinstance(form, NotificationForm):
            form.offer()

    def load(self, number: int) -> Stored:
        return configuration.get(self.name, number, list(self.form(formdata=None).data))

    def check(self, data: Mapping[str, Any], number: int | None) -> list[Problem]:
        return super().check(data if number else {**self._kept(), **data}, number)

    def save(self, data: Mapping[str, Any], number: int | None = None, version: int | None = None) -> int:
        return super().save(data if number else {**self._kept(), **data, "enabled": False}, number, version)

    def _kept(self) -> dict[str, Any]:
        """What a new one has besides what its form says: nothing, or what the one has that it is a copy of."""
        like = request.values.get("like", type=int)
        entry = configuration.get(self.name, like).entry if like else {}
        return {key: entry.get(key, ()) for key in KEPT_BY_CLONE}

    def after(self, number: int) -> str:
        entry = configuration.get(self.name, number).entry
        lacks = TYPES if not entry["types"] else PEOPLE if not (entry["contacts"] or entry["groups"]) else None
        return lacks.url("edit", number=number) if lacks else self.url("show", number=number)

    def more(self, session: Session, rows: list[Any]) -> Any:
        book = rules.current(session)
        names = words.patterns(book, types.categories(book.types.values()))
        return More(
            {row.id: [names.get(text, text) for text in row.types] for row in rows},
            {rule.id: len(rule.people) for rule in book.rules},
            reads.last_fired(session, [row.name for row in rows]),
            ways_out(),
        )

    def more_of_one(self, session: Session, row: Any) -> Any:
        return self.more(session, [row]), review.of(session, row.id, request.args)

    def tabs(self, number: int) -> list[tuple[str, str, bool]]:
        """Word and address of each tab, and whether it is open."""
        names = {"edit": _("Name and channels"), "types": _("Types"), "contacts": _("Contacts"), "show": _("Review")}
        addresses = {name: url_for(f"{self.name}.{name}", number=number) for name in names}
        return [(word, addresses[name], request.path == addresses[name]) for name, word in names.items()]

    def unreachable(self, number: int) -> list[str]:
        """Who cannot be told by a channel that was chosen, in words."""
        return []


class Tab(Notifications):
    """Another tab: a form of its own for a part of the same notification, under an endpoint named as the tab."""

    tab: ClassVar[str]

    def url(self, endpoint: str, **values: Any) -> str:
        own = {"edit": self.tab, "change": f"change_{self.tab}"}
        return super().url(own.get(endpoint, endpoint), **values)


class Types(Tab):
    """Which events it fires for."""

    tab, form = "types", TypesForm

    def fill(self, form: DeskForm) -> None:
        if isinstance(form, TypesForm):
            form.types.offer(rules.current(db.session()))


class People(Tab):
    """Whom it tells."""

    tab, form = "contacts", PeopleForm

    def fill(self, form: DeskForm) -> None:
        if isinstance(form, PeopleForm):
            form.offer()

    def unreachable(self, number: int) -> list[str]:
        return [reasons.words(reason) for reason in rehearsal.unreachable(db.session(), number)]


NOTIFICATIONS, TYPES, PEOPLE = Notifications(), Types(), People()
