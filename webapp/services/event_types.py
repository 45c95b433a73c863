"""Event types: those that an administrator added, and what was changed of the built-in ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from flask_babel import gettext as _
from pydantic import AfterValidator, ValidationInfo
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import N_, Problem
from webapp.models import EventType
from webapp.models.catalogue import BUILT_IN, CATEGORIES
from webapp.services.entries import Entry, Item, Items, Section, World
from webapp.services.fields import SeverityName, line
from webapp.services.refusals import below

_TYPE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+")
LONGEST_TYPE = 100


def _type(text: str) -> str:
    if not _TYPE.fullmatch(text) or len(text) > LONGEST_TYPE:
        raise ValueError(_("Write the category and a name in lower case, such as custom.thing."))
    return text


def _category(text: str, info: ValidationInfo) -> str:
    wanted = text or info.data.get("type", "").split(".")[0]
    category = CATEGORIES.get(wanted, wanted)
    if category not in CATEGORIES.values():
        raise ValueError(_("Use one of %(values)s.", values=", ".join(CATEGORIES.values())))
    return category


class EventTypeEntry(Entry):
    """An event type as people write it. A category is named by its title or its prefix; without one, the type's
    own prefix says it."""

    type: Annotated[str, AfterValidator(_type)]
    title: Annotated[str, line(needed=True)]
    category: Annotated[str, AfterValidator(_category)] = ""
    severity: SeverityName = "info"
    at_most_once: bool = False


class EventTypes(Section):
    """Every built-in type is an entry; it has a row only while it differs from the catalogue."""

    name, noun = "event_types", N_("event type")
    entry, row = EventTypeEntry, EventType
    key_field = "type"

    def rows(self, session: Session) -> list[EventType]:
        return list(session.scalars(select(EventType).order_by(EventType.type)))

    def read(self, session: Session) -> Items:
        untouched: Items = {name: Item(before=built_in(name), after=built_in(name)) for name in BUILT_IN}
        return {**untouched, **super().read(session)}

    def find(self, items: Items, which: int | str) -> Item | None:
        return items.get(which)

    def settle(self, items: Items) -> list[Problem]:
        words = _("A type keeps its name; add another type instead.")
        return [
            Problem(below(item.path, "type"), words)
            for item in items.values()
            if item.path is not None and item.before and item.after and item.before["type"] != item.after["type"]
        ]

    def without(self, item: Item) -> dict[str, Any] | None:
        return built_in(item.before["type"]) if item.before else None

    def put(self, session: Session, row: EventType, entry: Mapping[str, Any], world: World) -> None:
        if entry == built_in(entry["type"]):
            session.delete(row)
            return
        for name, value in entry.items():
            setattr(row, name, value)
        session.add(row)


def built_in(name: str) -> dict[str, Any] | None:
    """The entry of a built-in type as it came; None for any other."""
    info = BUILT_IN.get(name)
    if info is None:
        return None
    return {**{field: getattr(info, field) for field in EventTypeEntry.model_fields}, "severity": info.severity.value}
