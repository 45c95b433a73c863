"""The audit log: what somebody did, written in the same unit of work as the deed itself, and kept for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from webapp import clock
from webapp.models import AuditEntry
from webapp.services import actor
from webapp.services.actor import Actor


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to what. `changes` holds before and after of each field; a secret only by `vault.fingerprint`.

    `noun` is the section of the configuration, or another kind of thing (`users`, `tokens`, `messages`, `sandbox`);
    `number` is that of its row where it has one.
    """

    action: str
    noun: str
    name: str
    number: int | None = None
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def record(session: Session, *deeds: Deed, by: Actor | None = None) -> None:
    """Write deeds into the log, in the unit of work that does them; they are the present actor's unless `by` says."""
    who, now = by or actor.current(), clock.now()
    rows = [
        {
            "at": now,
            "actor_kind": who.kind,
            "actor": who.name,
            "address": who.address,
            "action": deed.action,
            "noun": deed.noun,
            "number": deed.number,
            "name": deed.name,
            "changes": {name: list(pair) for name, pair in deed.changes.items()},
        }
        for deed in deeds
    ]
    if rows:
        session.connection().execute(insert(AuditEntry), rows)
