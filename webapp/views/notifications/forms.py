from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectChoice, SelectField, SelectMultipleField, StringField

from webapp.extensions import db
from webapp.queries import picks, types
from webapp.queries.types import Category
from webapp.services import configuration, notifications
from webapp.services.matching import Rulebook
from webapp.services.notifications import EVERYTHING
from webapp.views.desk import DeskForm, PickerField, ReferenceField
from webapp.views.notifications import words
from webapp.views.outbox.listing import channel_words


class NotificationForm(DeskForm):
    """What a notification is called and by which channels it tells."""

    name = StringField(_l("Name"), description=_l("Stands on each message that it makes."))
    enabled = BooleanField(_l("Enabled"), description=_l("Off: it does not fire."))
    channels = SelectMultipleField(_l("Channels"))
    min_severity = SelectField(_l("Severity"), description=_l("Milder events do not fire it."), validate_choice=False)
    account = ReferenceField(
        _l("SMTP account"),
        none=_l("The default account"),
        description=_l("By which its mails leave."),
    )

    def offer(self) -> None:
        """Fill in what can be chosen."""
        self.channels.choices = [SelectChoice(name, word) for name, word in channel_words().items()]
        self.min_severity.choices = [SelectChoice(name, word) for name, word in words.severities().items()]
        self.account.offer(configuration.names("smtp_accounts"))

    @property
    def ways(self) -> Mapping[str, bool]:
        """Every channel, and whether anything leaves by it."""
        return notifications.ways_out()


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A row of the list: a type, or with `whole` several at once. `name` says it also outside its category."""

    value: str
    word: str
    name: str
    chosen: bool
    whole: bool = False
    severity: str = ""


class TypesField(SelectMultipleField):
    """Types, whole categories, or everything."""

    def __init__(self, label: Any = None, **options: Any):
        super().__init__(label, choices=(), validate_choice=False, **options)

    def offer(self, book: Rulebook) -> None:
        """The types of the catalogue by category; what was chosen stays on the list also when it is gone."""
        categories = types.categories(book.types.values())
        self._names = words.patterns(book, categories)
        self.groups: list[tuple[str, list[TypeRow]]] = [
            ("", [self._row(EVERYTHING, _("Everything, also types that are added later"), whole=True)]),
            *((_(category.title), self._rows(category)) for category in categories),
        ]
        offered = {row.value for _title, rows in self.groups for row in rows}
        gone = [self._row(value, value) for value in self.data or () if value not in offered]
        self.groups += [(_("No longer there"), gone)] if gone else []
        self.choices = [SelectChoice(value, name) for value, name in self._names.items()]

    def _rows(self, category: Category) -> list[TypeRow]:
        own, *others = category.patterns
        return [
            self._row(own, _("The whole category, also types that are added later"), whole=True),
            *(self._row(info.type, _(info.title), severity=info.severity.value) for info in category.types),
            *(
                self._row(other, _("Everything that begins with %(name)s", name=other[:-1]), whole=True)
                for other in others
            ),
        ]

    def _row(self, value: str, word: str, *, whole: bool = False, severity: str = "") -> TypeRow:
        return TypeRow(value, word, self._names.get(value, value), value in (self.data or ()), whole, severity)

    @property
    def said(self) -> list[str]:
        """What is chosen, in words."""
        return [self._names.get(value, value) for value in self.data or ()]


class TypesForm(DeskForm):
    """Which events a notification fires for."""

    types = TypesField(_l("Types"))

    def values(self) -> dict[str, Any]:
        return {"types": notifications.uncovered(super().values()["types"])}


class PeopleForm(DeskForm):
    """Whom a notification tells."""

    contacts = PickerField(_l("Contacts"))
    groups = PickerField(_l("Groups"), description=_l("Whoever is in the group when something happens is told."))

    def offer(self) -> None:
        """Say where the lists are read."""
        self.contacts.offer(lambda chosen, words: picks.contacts(db.session(), chosen, words))
        self.groups.offer(lambda chosen, words: picks.groups(db.session(), chosen, words))
