"""The configuration read one entry at a time, as forms show it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.extensions import db
from webapp.services.configuration import planning
from webapp.services.configuration.sections import SECTIONS
from webapp.services.entries import Item


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it is stored; `version` moves with each change of it. `number` is 0 for one without a row."""

    number: int
    name: str
    entry: Mapping[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class User:
    """An entry that refers to another one."""

    section: str
    number: int
    name: str


def get(section: str, which: int, keys: Collection[str] | None = None) -> Stored:
    """The entry of row `which`; with `keys`, the version is that of these alone. Raises NotFound."""
    rules, item = SECTIONS[section], _one(section, which)
    entry = item.before or {}
    return Stored(item.row.id, rules.title(entry), entry, rules.version(item, entry if keys is None else keys))


def get_single(section: str, keys: Collection[str]) -> Stored:
    """These keys of a section that is a single mapping; the version moves when one of them changes."""
    rules = SECTIONS[section]
    item = planning.find(rules.read(db.session()), rules, section)
    entry = {key: value for key, value in (item.before or {}).items() if key in keys}
    return Stored(0, rules.title(entry), entry, rules.version(item, entry))


def entry_of(section: str, row: Any) -> dict[str, Any]:
    """The entry that a row stands for."""
    return SECTIONS[section].entry_of(row)


def number_of(section: str, data: Mapping[str, Any]) -> int:
    """The number of the row whose key is that of `data`."""
    rules = SECTIONS[section]
    return int(rules.read(db.session())[rules.key(data)].row.id)


def users_of(section: str, which: int) -> list[User]:
    """Everything that refers to row `which`, in the order of the sections. Raises NotFound."""
    session, item = db.session(), _one(section, which)
    world = {
        name: rules.read(session) if section in rules.references.values() else {} for name, rules in SECTIONS.items()
    }
    return [
        User(name, user.row.id, SECTIONS[name].title(user.before or {}))
        for name, user in planning.users(world, section, item)
    ]


def _one(section: str, which: int) -> Item:
    item = SECTIONS[section].one(db.session(), which)
    if item is None:
        raise planning.not_there(SECTIONS[section], which)
    return item


def names(section: str) -> list[str]:
    """The names of all entries of a section, in alphabetical order."""
    return sorted(str(key) for key in SECTIONS[section].read(db.session()))
