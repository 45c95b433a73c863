"""What the nouns of the configuration have in common: an entry, what becomes of it, and the rules of its section.

An *entry* is a noun as people write it: plain values under the keys of the configuration file, references by name.
Every section turns rows into entries and entries into rows; comparing, checking and exporting then need no rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal
from zlib import crc32

from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import Problem
from webapp.services.fields import normal_name

Action = Literal["created", "changed", "removed"]
Fields = dict[str, tuple[Any, Any]]


class Entry(BaseModel):
    """Base of the entries: unknown keys are refused, and so is a value of another type, however similar."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=True)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one entry. `fields` holds before and after; of a secret only that it changed."""

    section: str
    name: str
    action: Action
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(slots=True, eq=False)
class Item:
    """One entry on its way through a change.

    `before` is None for one that is new, `after` for one that goes. `path` is where the input named it, None when it
    did not; `given` is what the input said, and `secret` the text that a write-only key brought. `fingerprints` holds
    what the audit log may know of a secret that changed: `vault.fingerprint` before and after.
    """

    before: dict[str, Any] | None
    after: dict[str, Any] | None
    row: Any = None
    path: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    secret: str | None = None
    fingerprints: Fields = field(default_factory=dict)


Items = dict[Hashable, Item]
World = Mapping[str, Items]


class Section(ABC):
    """The rules of one noun. `name` is its key in the configuration file; `key_field` tells its entries apart.

    `noun` is what people call it, marked N_ and translated where it is shown.
    """

    name: ClassVar[str]
    noun: ClassVar[str]
    entry: ClassVar[type[Entry]]
    row: ClassVar[Any]
    key_field: ClassVar[str] = "name"
    references: ClassVar[Mapping[str, str]] = {}  # field: the section that it names an entry, or entries, of

    def key(self, data: Mapping[str, Any]) -> Hashable | None:
        """What identifies an entry among its like, also before it is validated; None when the input does not say."""
        name = data.get(self.key_field)
        return normal_name(name) if isinstance(name, str) else None

    def title(self, entry: Mapping[str, Any]) -> str:
        """The entry's name for people."""
        return str(entry[self.key_field])

    def taken(self) -> str:
        """What to say of an entry whose key another one has."""
        return _("This name is taken; choose another.")

    def rows(self, session: Session) -> Iterable[Any]:
        """Every row, in a lasting order: for export, and where the first one wins."""
        return session.scalars(select(self.row).order_by(self.row.id))

    def entry_of(self, row: Any) -> dict[str, Any]:
        """The entry that a row stands for; a noun with references says them by name."""
        return {name: getattr(row, name) for name in self.entry.model_fields}

    def read(self, session: Session) -> Items:
        """Everything that is stored, unchanged."""
        entries = ((row, self.entry_of(row)) for row in self.rows(session))
        return {self.key(entry): Item(before=entry, after=dict(entry), row=row) for row, entry in entries}

    def find(self, items: Items, which: int | str) -> Item | None:
        """The item of row number `which`; of a noun without numbers, the one with that key."""
        return next((item for item in items.values() if item.row is not None and item.row.id == which), None)

    def one(self, session: Session, which: int) -> Item | None:
        """The same, read without all the others."""
        row = session.get(self.row, which)
        return None if row is None else Item(before=self.entry_of(row), after=self.entry_of(row), row=row)

    def version(self, item: Item, keys: Collection[str]) -> int:
        """What moves with each change of a stored entry, or at least of these keys of it."""
        return int(item.row.version)

    def defaults(self, world: World) -> dict[str, Any]:
        """What a new entry has where the input says nothing, before the defaults of its fields."""
        return {}

    def settle(self, items: Items) -> list[Problem]:
        """Rules between entries. May complete `after`, whose values are not validated yet."""
        return []

    def accept(self, item: Item, entry: Any) -> None:
        """Take over what validation made of the input."""
        item.after = entry.model_dump()

    def uses(self, entry: Mapping[str, Any]) -> Iterable[tuple[str, str | None]]:
        """Section and name of everything that the entry refers to; None for a reference that is not set."""
        return [(target, name) for key, target in self.references.items() for name in _names(entry[key])]

    def put_in_place(self, entry: Mapping[str, Any], target: str, old: str, new: str | None) -> dict[str, Any]:
        """The entry with `new` wherever it referred to `old` of the section `target`; None takes the reference out."""
        changed = dict(entry)
        for name, section in self.references.items():
            if section == target and old in _names(entry[name]):
                changed[name] = _put_in_place(entry[name], old, new)
        return changed

    def inherit(self, gone: Item, heir: Item) -> None:
        """What `heir` takes over from an entry that is removed, besides the references to it."""
        return

    def without(self, item: Item) -> dict[str, Any] | None:
        """What stands in the place of an entry that is removed: nothing, unless it is built in."""
        return None

    def differences(self, item: Item) -> Fields:
        """Before and after of every field that differs."""
        before, after = item.before or {}, item.after or {}
        pairs = {name: (before.get(name), after.get(name)) for name in after or before}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def clear(self, items: Items) -> None:
        """Change what must be written before all else, so that no constraint is broken on the way."""
        return

    def blank(self) -> Any:
        """The row of a new entry, still empty."""
        return self.row()

    @abstractmethod
    def put(self, session: Session, row: Any, entry: Mapping[str, Any], world: World) -> None:
        """Write the entry into its row. Nothing is flushed meanwhile, so rows in `world` may still be blank."""

    def finish(self, item: Item, world: World) -> None:
        """Write what needs the numbers of new rows."""
        return

    def remove(self, session: Session, item: Item) -> None:
        """Delete the row."""
        session.delete(item.row)


def _names(value: Any) -> tuple[str | None, ...]:
    return value if isinstance(value, tuple) else (value,)


def _put_in_place(value: Any, old: str, new: str | None) -> Any:
    if not isinstance(value, tuple):
        return new
    replaced = (new if name == old else name for name in value)
    return tuple(dict.fromkeys(name for name in replaced if name is not None))


def version_of(values: Mapping[str, Any], keys: Collection[str]) -> int:
    """A number that differs when one of these values does, for what several forms change a part of."""
    return crc32(repr([(key, values.get(key)) for key in sorted(keys)]).encode())


def fill(row: Any, values: Mapping[str, Any]) -> None:
    """Copy values into a row and move its version, even when only its lists changed."""
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = clock.now()


def without(entry: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The entry's fields but these, which are references."""
    return {name: value for name, value in entry.items() if name not in names}


def row_of(world: World, section: str, name: str | None) -> Any:
    """The row that a validated reference means; None for none."""
    return None if name is None else world[section][name].row


def rows_of(world: World, section: str, names: Iterable[str]) -> list[Any]:
    """The rows that validated references mean."""
    return [row_of(world, section, name) for name in names]
