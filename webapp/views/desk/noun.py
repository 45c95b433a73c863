"""What a noun says of itself, so that its pages can be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp.errors import Problem
from webapp.queries.nouns import Listing
from webapp.services import configuration, records
from webapp.services.configuration import Stored, User
from webapp.services.records import Kind
from webapp.views.desk.forms import DeskForm


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list; `sort` is the order that its heading leads to, where it has one. `word` may be lazy."""

    word: Any
    sort: str = ""
    number: bool = False

    def heading(self) -> dict[str, Any]:
        """As the macro `table` takes it."""
        return {"word": self.word, "sort": self.sort, "number": self.number}


@dataclass(frozen=True, slots=True)
class Words:
    """What a noun is called where only whole phrases can be translated; all may be lazy.

    `title`: the list. `hint`: what it is for. `new`: the verb that makes one. `empty`: one sentence when there is none.
    """

    title: Any
    hint: Any
    new: Any
    empty: Any
    icon: str


class Noun:
    """A noun with pages under `path`. Where its rules are not those of a section of the configuration, it overrides
    `load`, `entry_of`, `check`, `save`, `remove`, `users_of` and `successors`.

    `templates/<name>/_desk.html` holds the macros `cells`, a mapping of one macro a column, and `fields(form, stored)`;
    it may have `menu(row, viewer)` for more actions on a row, `above(row, more, viewer)` and `aside(row, more, viewer)`
    for what the page of an entry shows around its facts, `over_form(noun, stored)` for what stands over the form of a
    stored entry, `first(more)` for what an empty list shows besides its button, and `consequence(stored)` for what it
    means to delete an entry that nothing uses.
    """

    name: ClassVar[str]  # of the blueprint, of the folder of templates, and of the section of the configuration
    path: ClassVar[str]
    listing: ClassVar[Listing]
    form: ClassVar[type[DeskForm]]
    new_form: ClassVar[type[DeskForm] | None] = None  # where a new entry is asked for more
    words: ClassVar[Words]
    columns: ClassVar[Mapping[str, Column]]  # the first one leads to the entry's page and is always there
    usual: ClassVar[tuple[str, ...]]
    filters: ClassVar[Mapping[str, Any]] = {"enabled": _l("Enabled")}  # choices of the listing, with labels
    reader: ClassVar[str] = "admin"
    writer: ClassVar[str] = "admin"
    page: ClassVar[str] = "desk/show.html"  # the template of an entry's page
    switched: ClassVar[bool] = True  # whether an entry can be enabled and disabled
    cloned: ClassVar[bool] = True

    def new(self) -> dict[str, Any]:
        """What the form of a new entry begins with."""
        return {}

    def copy(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """What the form of a clone begins with."""
        return {**entry, "name": _("%(name)s (copy)", name=entry["name"])}

    def proposed(self) -> dict[str, Any]:
        """Values that the address of the form proposes, from another page of ours; nothing is saved by that."""
        return {}

    def fill(self, form: DeskForm) -> None:
        """Give the form's fields their choices."""

    def before_shown(self, form: DeskForm, stored: Stored | None) -> None:
        """Tell the form what it shows besides its fields."""

    def options(self, name: str) -> Mapping[str, tuple[Any, str]]:
        """The values of a filter as an address says them: for each what the listing compares, and its word."""
        return {"yes": (True, _("yes")), "no": (False, _("no"))}

    def facts(self, form: DeskForm) -> list[tuple[str, Any]]:
        """Label and value of what the page of an entry shows."""
        return form.facts()

    def more(self, session: Session, rows: list[Any]) -> Any:
        """What the cells need besides the rows."""
        return None

    def more_of_one(self, session: Session, row: Any) -> Any:
        """What the page of an entry needs besides its row."""
        return self.more(session, [row])

    def load(self, number: int) -> Stored:
        """The entry as it is stored. Raises NotFound."""
        return configuration.get(self.name, number)

    def entry_of(self, row: Any) -> Mapping[str, Any]:
        """The entry that a row of the listing stands for."""
        return configuration.entry_of(self.name, row)

    def check(self, data: Mapping[str, Any], number: int | None) -> list[Problem]:
        """What `save` would refuse."""
        return configuration.check(self.name, data, number)

    def save(self, data: Mapping[str, Any], number: int | None = None, version: int | None = None) -> int:
        """Create or change an entry; its number. Raises InvalidInput, EditedMeanwhile, NotFound."""
        configuration.save(self.name, data, number, version=version)
        return number or configuration.number_of(self.name, data)

    def remove(self, number: int, successor: str | None, detach: bool) -> None:
        """Delete an entry. Raises InvalidInput, NotFound."""
        configuration.remove(self.name, number, successor=successor, detach=detach)

    def users_of(self, number: int) -> list[User]:
        """What uses the entry."""
        return configuration.users_of(self.name, number)

    def successors(self, name: str) -> list[str]:
        """Who could take the place of the entry of that name."""
        return [other for other in configuration.names(self.name) if other != name]

    def url(self, endpoint: str, **values: Any) -> str:
        """The address of one of its pages."""
        return url_for(f"{self.name}.{endpoint}", **values)

    def after(self, number: int) -> str:
        """Where an accepted form leads."""
        return self.url("show", number=number)

    def made_form(self, begin: Mapping[str, Any] | None = None, *, fresh: bool = False) -> DeskForm:
        """The form as it was sent, or beginning with an entry. `fresh`: that of a new entry."""
        kind = self.new_form if fresh and self.new_form else self.form
        form = kind() if begin is None else kind(formdata=None, data=begin)
        self.fill(form)
        return form


class Keeper(Protocol):
    """The service of a noun that the configuration file does not hold."""

    def get(self, number: int, /) -> Stored: ...
    def check(self, data: Mapping[str, Any], number: int | None, /) -> list[Problem]: ...
    def change(self, number: int, data: Mapping[str, Any], version: int | None, /) -> None: ...
    def remove(self, number: int, /) -> None: ...


class KeptNoun(Noun):
    """A noun whose rows `keeper` keeps, and that nothing refers to. How one is made, each says itself (`make`)."""

    keeper: ClassVar[Keeper]
    kind: ClassVar[Kind]
    cloned: ClassVar[bool] = False

    def make(self, data: Mapping[str, Any]) -> int:
        """Create an entry; its number. Raises InvalidInput."""
        raise NotImplementedError

    def load(self, number: int) -> Stored:
        return self.keeper.get(number)

    def entry_of(self, row: Any) -> Mapping[str, Any]:
        return records.entry_of(self.kind, row)

    def check(self, data: Mapping[str, Any], number: int | None) -> list[Problem]:
        return self.keeper.check(data, number)

    def save(self, data: Mapping[str, Any], number: int | None = None, version: int | None = None) -> int:
        if number is None:
            return self.make(data)
        self.keeper.change(number, data, version)
        return number

    def remove(self, number: int, successor: str | None, detach: bool) -> None:
        self.keeper.remove(number)

    def users_of(self, number: int) -> list[User]:
        return []

    def successors(self, name: str) -> list[str]:
        return []
