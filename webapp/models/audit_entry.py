from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, JSON, BigInteger, Index, event
from sqlalchemy.orm import Mapped, mapped_column

from webapp.clock import now
from webapp.extensions import Model
from webapp.models.types import Id, UtcDateTime


class AuditEntry(Model):
    """One thing that somebody did. Never changed and never removed: the database itself refuses both.

    `noun`, `number` and `name` say what it was done to (`number` where that has one), `changes` holds before and
    after of each field, and of a secret only its fingerprints.
    """

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    actor_kind: Mapped[str]
    actor: Mapped[str]
    address: Mapped[str]
    action: Mapped[str]
    noun: Mapped[str]
    number: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str]
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)

    __table_args__ = (
        Index("ix_audit_entry_actor_id", "actor", "id"),
        Index("ix_audit_entry_action_id", "action", "id"),
        Index("ix_audit_entry_noun_id", "noun", "id"),
        Index("ix_audit_entry_number_id", "number", "id"),
        {"sqlite_autoincrement": True},
    )


# Replacing a row (INSERT OR REPLACE) deletes the old one without asking the trigger for deletions.
SQLITE_GUARDS = (
    """CREATE TRIGGER audit_entry_not_changed BEFORE UPDATE ON audit_entry BEGIN
        SELECT RAISE(ABORT, 'the audit log is append-only');
    END""",
    """CREATE TRIGGER audit_entry_not_removed BEFORE DELETE ON audit_entry BEGIN
        SELECT RAISE(ABORT, 'the audit log is append-only');
    END""",
    """CREATE TRIGGER audit_entry_not_replaced BEFORE INSERT ON audit_entry
    WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = new.id) BEGIN
        SELECT RAISE(ABORT, 'the audit log is append-only');
    END""",
)
POSTGRESQL_GUARDS = (
    """CREATE FUNCTION audit_entry_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'the audit log is append-only';
    END $$""",
    """CREATE TRIGGER audit_entry_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_kept()""",
)

for _dialect, _statements in (("sqlite", SQLITE_GUARDS), ("postgresql", POSTGRESQL_GUARDS)):
    for _statement in _statements:
        event.listen(AuditEntry.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))
