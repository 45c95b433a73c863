"""Contacts: who is told, and where they are reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import BooleanField, SelectField, StringField

from webapp.extensions import db
from webapp.queries import messages, people, suppressed
from webapp.services import parameters
from webapp.views import choices, desk, language
from webapp.views.desk import Column, DeskForm, Words

MESSAGES = 10


class ContactForm(DeskForm):
    """Where a person is reached, in which language, and in which time zone their times are told."""

    name = StringField(_l("Name"), description=_l("Stands before the address in mails."))
    enabled = BooleanField(_l("Enabled"), description=_l("Off: is told nothing, whatever names them."))
    email = StringField(
        _l("E-mail"), description=_l("Without it they cannot be told by mail."), render_kw={"inputmode": "email"}
    )
    mobile = StringField(
        _l("Mobile"),
        description=_l("With the country's code, such as +5511999990000."),
        render_kw={"inputmode": "tel"},
    )
    locale = SelectField(
        _l("Language"),
        description=_l(
            "Of what they are told. In another language than those of Arauto only dates and your own texts are: the "
            "built-in words are English then."
        ),
        validate_choice=False,
    )
    timezone = SelectField(
        _l("Time zone"), description=_l("Times in what they are told are in it."), validate_choice=False
    )


@dataclass(frozen=True, slots=True)
class More:
    """`groups`: those of each row by its number; `suppressed`: addresses that nothing is sent to. `told` and `sent` are
    for the page of one contact."""

    groups: Mapping[int, list[tuple[int, str]]]
    suppressed: set[str]
    told: list[people.Reach]
    sent: list[Any]


class Contacts(desk.Noun):
    """People; everybody may look them up, administrators change them."""

    name, path = "contacts", "/contacts"
    listing, form = people.CONTACTS, ContactForm
    reader = "viewer"
    words = Words(
        title=_l("Contacts"),
        hint=_l("The people who can be told, and where they are reached."),
        new=_l("New contact"),
        empty=_l("A contact is somebody to tell: an e-mail address, a mobile number, a language and a time zone."),
        icon="person",
    )
    columns = {
        "name": Column(_l("Name"), "name"),
        "id": Column(_l("ID"), number=True),
        "email": Column(_l("E-mail"), "email"),
        "mobile": Column(_l("Mobile")),
        "groups": Column(_l("Groups")),
        "locale": Column(_l("Language")),
        "timezone": Column(_l("Time zone")),
        "enabled": Column(_l("Enabled")),
        "changed": Column(_l("Changed")),
    }
    usual = ("email", "mobile", "groups", "locale", "enabled")
    filters = {"enabled": _l("Enabled"), "group": _l("Group"), "locale": _l("Language")}

    def new(self) -> dict[str, Any]:
        house = parameters.language(db.session())
        return {"enabled": True, "locale": house, "timezone": language.timezone()}

    def copy(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().copy(entry), "email": "", "mobile": ""}

    def fill(self, form: DeskForm) -> None:
        form["locale"].choices = choices.languages(form["locale"].data)
        form["timezone"].choices = choices.zones(form["timezone"].data)

    def options(self, name: str) -> Mapping[str, tuple[Any, str]]:
        if name == "group":
            return {group: (number, group) for group, number in people.group_names(db.session()).items()}
        if name == "locale":
            return {tag: (tag, word) for tag, word in language.LANGUAGES.items()}
        return super().options(name)

    def more(self, session: Session, rows: list[Any]) -> Any:
        bounced = suppressed.among(session, [row.email for row in rows])
        return More(people.groups_of(session, [row.id for row in rows]), bounced, [], [])

    def more_of_one(self, session: Session, row: Any) -> Any:
        sent = messages.latest_to(session, (row.email, row.mobile, row.name), MESSAGES)
        bounced = suppressed.among(session, [row.email])
        return More(people.groups_of(session, [row.id]), bounced, people.reaches(session, row.id), sent)


blueprint = desk.blueprint(Contacts())
