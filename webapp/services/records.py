"""Nouns that the configuration file does not hold: users and tokens. Read, checked and changed row by row.

Every change is made within the caller's unit of work, one after the other, and stands in the audit log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import EditedMeanwhile, InvalidInput, NotFound, Problem
from webapp.extensions import db
from webapp.services import audit
from webapp.services.configuration import Stored
from webapp.services.entries import Entry, Fields, fill
from webapp.services.refusals import problems_of
from webapp.services.unit import lock_configuration


@dataclass(frozen=True, slots=True)
class Kind:
    """Such a noun: its name in the audit log, its table, and an entry of it as people write it."""

    noun: str
    model: Any
    entry: type[Entry]


def entry_of(kind: Kind, row: Any) -> dict[str, Any]:
    """The entry that a row stands for."""
    values = {name: getattr(row, name) for name in kind.entry.model_fields}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def get(kind: Kind, number: int) -> Stored:
    """The entry of row `number`. Raises NotFound."""
    row = _row(kind, db.session(), number)
    return Stored(number, row.name, entry_of(kind, row), row.version)


def check(kind: Kind, data: Mapping[str, Any], number: int | None = None) -> list[Problem]:
    """What would be refused of a new row, or of a change of row `number`. Raises NotFound."""
    session = db.session()
    try:
        accepted(kind, session, data, None if number is None else _row(kind, session, number))
    except InvalidInput as refused:
        return refused.problems
    return []


def accepted(kind: Kind, session: Session, data: Mapping[str, Any], row: Any = None) -> dict[str, Any]:
    """The whole entry that `data` makes of `row`, or of nothing. Raises InvalidInput, with the fields as paths."""
    try:
        entry = kind.entry.model_validate({**(entry_of(kind, row) if row else {}), **data}).model_dump()
    except ValidationError as error:
        raise InvalidInput(problems_of(error, kind.entry, "")) from None
    same = session.scalar(select(kind.model.id).where(kind.model.name == entry["name"]))
    if same is not None and (row is None or same != row.id):
        raise InvalidInput.at("name", _("This name is taken; choose another."))
    return entry


def locked(kind: Kind, session: Session, number: int, version: int | None = None) -> Any:
    """Row `number`, while no other change goes on. Raises NotFound; with `version` EditedMeanwhile when it moved on."""
    lock_configuration(session)
    row = _row(kind, session, number)
    if version is not None and row.version != version:
        raise EditedMeanwhile(_("Somebody else changed this meanwhile. Nothing was overwritten."))
    return row


def add(kind: Kind, session: Session, data: Mapping[str, Any], **columns: Any) -> tuple[Any, Fields]:
    """A new row with its number, and what the audit log tells of it. Raises InvalidInput."""
    lock_configuration(session)
    entry = accepted(kind, session, data)
    row = kind.model(**columns)
    fill(row, _plain(entry))
    session.add(row)
    session.flush()
    return row, {name: (None, value) for name, value in entry.items()}


def change(kind: Kind, session: Session, row: Any, data: Mapping[str, Any]) -> Fields:
    """Change a row, and tell the audit log; before and after of what differs. Raises InvalidInput."""
    before, after = entry_of(kind, row), accepted(kind, session, data, row)
    fields = {name: (before[name], value) for name, value in after.items() if value != before[name]}
    if fields:
        fill(row, _plain({name: value for name, (_before, value) in fields.items()}))
        audit.record(session, audit.Deed("changed", kind.noun, row.name, row.id, fields))
    return fields


def remove(kind: Kind, session: Session, row: Any) -> None:
    """Delete a row, and tell the audit log."""
    fields = {name: (value, None) for name, value in entry_of(kind, row).items()}
    audit.record(session, audit.Deed("removed", kind.noun, row.name, row.id, fields))
    session.delete(row)


def _row(kind: Kind, session: Session, number: int) -> Any:
    row = session.get(kind.model, number)
    if row is None:
        raise NotFound(_("There is nothing under the number %(number)s here.", number=number))
    return row


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Values as columns hold them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in entry.items()}
