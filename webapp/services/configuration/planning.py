"""From what was asked to what will be: every rule is checked here, nothing is written.

What is stored becomes items; what was given is laid over them, so that a key left out keeps its value; then sections
settle what lies between entries, and each given entry is validated as a whole. All problems are found together.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from pydantic import ValidationError
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound, Problem
from webapp.services.configuration.sections import SECTIONS
from webapp.services.entries import Action, Change, Item, Items, Section, World
from webapp.services.refusals import below, problems_of


@dataclass(frozen=True, slots=True)
class Given:
    """An entry as it was given; `which` is the row that it changes, None when its key says that."""

    section: str
    path: str
    data: Any
    which: int | str | None = None


def read_world(session: Session) -> dict[str, Items]:
    """Everything that is stored."""
    return {name: section.read(session) for name, section in SECTIONS.items()}


def plan(world: dict[str, Items], given: Sequence[Given], *, prune: bool = False) -> None:
    """Lay `given` over `world`; with `prune`, what was not given goes. Raises InvalidInput with every problem."""
    problems: list[Problem] = []
    for entry in given:
        problems += _lay_over(world[entry.section], SECTIONS[entry.section], entry)
    if prune:
        for name, items in world.items():
            for item in items.values():
                if item.path is None:
                    item.after = SECTIONS[name].without(item)
    problems += check(world)
    if problems:
        places = {entry.path: place for place, entry in enumerate(given)}
        raise InvalidInput(sorted(problems, key=lambda problem: places.get(problem.path.split(".")[0], -1)))


def check(world: World) -> list[Problem]:
    """Complete and validate the entries, and find what would refer to nothing."""
    problems = [problem for name, section in SECTIONS.items() for problem in section.settle(world[name])]
    names = {
        name: {key for key, item in items.items() if item.after is not None and isinstance(key, str)}
        for name, items in world.items()
    }
    renamed = {
        (name, section.key(item.before))
        for name, section in SECTIONS.items()
        for item in world[name].values()
        if item.path is not None and item.before and item.after
    }
    for name, section in SECTIONS.items():
        for item in world[name].values():
            if item.path is not None and item.after is not None:
                if item.before is None:
                    item.after = {**section.defaults(world), **item.after}
                problems += _validate(section, item, names)
            elif item.after is not None:
                problems += _dangling(section, item.after, names, renamed)
    return problems


def changes_in(world: World) -> list[tuple[Section, Item, Change]]:
    """What differs, in the order of writing."""
    found = []
    for name, section in SECTIONS.items():
        for item in world[name].values():
            fields = section.differences(item)
            if fields:
                action: Action = "created" if item.before is None else "removed" if item.after is None else "changed"
                title = section.title(item.after or item.before or {})
                found.append((section, item, Change(name, title, action, fields)))
    return found


def find(items: Items, section: Section, which: int | str) -> Item:
    """The item that `Section.find` finds; NotFound when there is none."""
    item = section.find(items, which)
    if item is None:
        raise not_there(section, which)
    return item


def not_there(section: Section, which: int | str) -> NotFound:
    """What is said when a section has no such row."""
    return NotFound(_("There is no %(noun)s %(which)s.", noun=_(section.noun), which=which))


def hand_over(world: World, section: str, gone: Item, successor: str | None) -> None:
    """Let everything that uses `gone` use `successor` instead, or nothing. Raises InvalidInput naming `successor`."""
    rules, items = SECTIONS[section], world[section]
    old = rules.key(gone.before or {})
    heir = None if successor is None else items.get(rules.key({rules.key_field: successor}))
    if successor is not None and (heir is None or heir is gone):
        raise InvalidInput.at("successor", _("Nothing else has that name; choose one of the list."))
    for name, user, item in _users(world, section, gone):
        new = None if heir is None or item is heir else str(rules.key(heir.after or {}))
        item.after = user.put_in_place(item.after or {}, section, str(old), new)
        item.path = f"{name} {user.title(item.after)}"
    if heir is not None:
        rules.inherit(gone, heir)


def users(world: World, section: str, item: Item) -> list[tuple[str, Item]]:
    """Section and item of every entry that refers to `item`."""
    return [(name, user) for name, _, user in _users(world, section, item)]


def _users(world: World, section: str, item: Item) -> Iterator[tuple[str, Section, Item]]:
    use = (section, str(SECTIONS[section].key(item.before or {})))
    for name, rules in SECTIONS.items():
        for other in world[name].values():
            if other is not item and other.after is not None and use in rules.uses(other.after):
                yield name, rules, other


def name_taken(section: Section, path: str) -> Problem:
    """The problem of an entry whose key another one has."""
    return Problem(below(path, section.key_field), section.taken())


def _lay_over(items: Items, section: Section, given: Given) -> list[Problem]:
    if not isinstance(given.data, dict):
        return [Problem(given.path, _("Write keys and their values here."))]
    key = section.key(given.data)
    item = items.get(key)
    if given.which is not None:
        known = find(items, section, given.which)
        if item is not None and item is not known:
            return [name_taken(section, given.path)]
        if key is not None:
            _move(items, known, key)
        item = known
    if item is None:
        item = items[object() if key is None else key] = Item(before=None, after={})
    elif item.path is not None:
        words = _("The same entry is already at %(path)s; keep one.", path=item.path)
        return [Problem(below(given.path, section.key_field), words)]
    item.path, item.given = given.path, given.data
    item.after = {**(item.after or {}), **given.data}
    return []


def _move(items: Items, item: Item, key: Any) -> None:
    old = next(known for known, candidate in items.items() if candidate is item)
    if old != key:
        items[key] = items.pop(old)


def _validate(section: Section, item: Item, names: Mapping[str, set[str]]) -> list[Problem]:
    try:
        entry = section.entry.model_validate(item.after, context=names)
    except ValidationError as error:
        return problems_of(error, section.entry, item.path or "")
    section.accept(item, entry)
    return []


def _dangling(
    section: Section, entry: Mapping[str, Any], names: Mapping[str, set[str]], renamed: Container[object]
) -> list[Problem]:
    return [
        Problem(
            "",
            _(
                "The %(noun)s %(user)s still uses %(name)s: change that one first.",
                user=section.title(entry),
                noun=_(section.noun),
                name=name,
            ),
        )
        for target, name in section.uses(entry)
        if name is not None and name not in names[target] and (target, name) not in renamed
    ]
