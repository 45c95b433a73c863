"""Groups: contacts under one name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import StringField

from webapp.extensions import db
from webapp.queries import people, picks
from webapp.views import desk
from webapp.views.desk import Column, DeskForm, PickerField, Words

MEMBERS = 100


class GroupForm(DeskForm):
    """A name and its members."""

    name = StringField(_l("Name"), description=_l("How notifications refer to it."))
    contacts = PickerField(_l("Members"))


@dataclass(frozen=True, slots=True)
class More:
    """`sizes`: how many members each row has, by its number. `members`: the first of one group."""

    sizes: Mapping[int, int]
    members: list[Any]


class Groups(desk.Noun):
    """Everybody may look them up, administrators change them."""

    name, path = "groups", "/groups"
    listing, form = people.GROUPS, GroupForm
    reader = "viewer"
    words = Words(
        title=_l("Groups"),
        hint=_l("Contacts under one name, such as those on duty: a notification that names the group tells them all."),
        new=_l("New group"),
        empty=_l("A group is a name for several contacts. Notifications that name it tell whoever is in it."),
        icon="people",
    )
    columns = {
        "name": Column(_l("Name"), "name"),
        "id": Column(_l("ID"), number=True),
        "members": Column(_l("Members"), number=True),
        "changed": Column(_l("Changed"), "changed"),
    }
    usual = ("members", "changed")
    filters = {}
    switched = False

    def fill(self, form: DeskForm) -> None:
        if isinstance(form, GroupForm):
            form.contacts.offer(lambda chosen, words: picks.contacts(db.session(), chosen, words))

    def facts(self, form: DeskForm) -> list[tuple[str, Any]]:
        return []

    def more(self, session: Session, rows: list[Any]) -> Any:
        return More(people.sizes(session, [row.id for row in rows]), [])

    def more_of_one(self, session: Session, row: Any) -> Any:
        return More(people.sizes(session, [row.id]), people.members(session, row.id, MEMBERS))


blueprint = desk.blueprint(Groups())
