"""What the nouns of the configuration have in common: an entry, what becomes of it, and the rules of its section.

An *entry* is a noun as people write it: plain values under the keys of the configuration file, references by name.
Every section turns rows into entries and entries into rows; comparing, checking and exporting then need no rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import Problem
from webapp.extensions import db
from webapp.services.fields import normal_name

Row = TypeVar("Row")
Action = Literal["created", "changed", "removed"]


class Entry(BaseModel):
    """Base of the entries: unknown keys are refused, and so is a value of another type, however similar."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one entry. `fields` holds before and after; a secret's are never the secret."""

    section: str
    name: str
    action: Action
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(slots=True)
class Item(Generic[Row]):
    """One entry on its way through a change.

    `before` is None for one that is new, `after` for one that goes; `path` is where the input named it, None when it
    did not; `given` are the keys that the input held, and `secret` what a write-only key brought.
    """

    before: dict[str, Any] | None
    after: dict[str, Any] | None
    row: Row | None = None
    path: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    secret: str | None = None

    @property
    def moved(self) -> bool:
        """Whether anything but the secret differs."""
        return self.before != self.after


Items = dict[Hashable, Item[Any]]
World = Mapping[str, Items]


class Section(ABC, Generic[Row]):
    """The rules of one noun. `name` is its key in the configuration file."""

    name: str
    entry: type[Entry]
    row: type[Row]

    def key(self, data: Mapping[str, Any]) -> Hashable | None:
        """What identifies an entry among its like; None when the input does not say."""
        name = data.get("name")
        return normal_name(name) if isinstance(name, str) else None

    def key_field(self) -> str:
        """The field that is named when two entries have the same key."""
        return "name"

    def title(self, entry: Mapping[str, Any]) -> str:
        """The entry's name for people."""
        return str(entry["name"])

    @abstractmethod
    def read(self, session: Session) -> Items:
        """Everything that is stored, unchanged, in a lasting order."""

    def settle(self, items: Items) -> list[Problem]:
        """Rules between entries. May complete `after`, whose values are not validated yet."""
        return []

    def uses(self, entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """The section and name of everything that the entry refers to."""
        return ()

    def missing(self, item: Item[Row]) -> dict[str, Any] | None:
        """What stands in place of an entry that is removed: nothing, unless it is built in."""
        return None

    def changed_fields(self, item: Item[Row]) -> dict[str, tuple[Any, Any]]:
        """Before and after of every field that differs."""
        before, after = item.before or {}, item.after or {}
        return {
            name: (before.get(name), after.get(name))
            for name in (after or before)
            if before.get(name) != after.get(name)
        }

    def clear(self, items: Items) -> None:
        """What must be written before anything else so that no constraint is broken on the way."""

    @abstractmethod
    def put(self, session: Session, item: Item[Row], world: World) -> None:
        """Write `after` into the row, which is a blank one when the entry is new. Other rows are found in `world`."""

    def seal(self, session: Session, item: Item[Row]) -> None:
        """Write what needs the row's number."""

    def remove(self, session: Session, item: Item[Row]) -> None:
        """Delete the row."""
        session.delete(item.row)


def fill(row: Any, entry: Mapping[str, Any], names: Iterable[str]) -> None:
    """Copy plain fields into a row, and move its version even if only its lists change."""
    for name in names:
        setattr(row, name, entry[name])
    row.updated_at = clock.now()


def row_of(world: World, section: str, name: str | None) -> Any:
    """The row that a validated reference means; None for none."""
    return None if name is None else world[section][name].row


def stored(session: Session, section: Section[Any], entries: Iterable[tuple[Any, dict[str, Any]]]) -> Items:
    """Items of rows and their entries."""
    return {section.key(entry): Item(before=entry, after=entry, row=row) for row, entry in entries}


Model = db.Model
