"""How a report narrows a big table: one filter is answered by its index, newest first; the others are checked.

The planner may not choose: without statistics it takes any of two indexes for the better one. Every index of a report
is (column, id), so walking it backwards gives the newest first with no sort; the filter that few rows pass leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.queries import keyset
from webapp.queries.keyset import Walk

FEW = 500
SAMPLE = 500


@dataclass(frozen=True, slots=True, eq=False)
class Narrow:
    """Rows whose `column` has `value`; there is an index on (column, id)."""

    column: InstrumentedAttribute[Any]
    value: str | int

    @property
    def searched(self) -> ColumnElement[bool]:
        """The condition as its index answers it."""
        return self.column == self.value

    @property
    def checked(self) -> ColumnElement[bool]:
        """The same for rows found by another index: no planner sees a reason to use this one's."""
        return unindexed(self.column) == self.value

    def count(
        self, session: Session, id_: InstrumentedAttribute[int], also: Sequence[ColumnElement[bool]], most: int = FEW
    ) -> int:
        """How many rows pass, counting no further than `most`."""
        rows = select(id_).where(self.searched, *also).limit(most).subquery()
        return session.scalar(select(func.count()).select_from(rows)) or 0


def unindexed(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """The column's value as an expression that no index holds."""
    return func.coalesce(column, column)


def lead(
    session: Session,
    id_: InstrumentedAttribute[int],
    narrows: Sequence[Narrow],
    also: Sequence[ColumnElement[bool]],
) -> list[ColumnElement[bool]]:
    """The conditions of `narrows`: the one that the fewest rows pass leads, the others are checked."""
    if len(narrows) < 2:
        return [narrow.searched for narrow in narrows]
    leader = min(narrows, key=lambda narrow: narrow.count(session, id_, also))
    return [narrow.searched if narrow is leader else narrow.checked for narrow in narrows]


def ids(
    session: Session,
    id_: InstrumentedAttribute[int],
    narrows: Sequence[Narrow],
    also: Sequence[ColumnElement[bool]],
    *,
    down: bool = True,
) -> Select[int]:
    """The statement for the ids that pass, newest first unless told otherwise; walks one index, sorts nothing."""
    return select(id_).where(*lead(session, id_, narrows, also), *also).order_by(keyset.towards(id_, down))


def walk(
    session: Session,
    id_: InstrumentedAttribute[int],
    at: InstrumentedAttribute[datetime],
    narrows: Sequence[Narrow],
    also: Sequence[ColumnElement[bool]],
    span: tuple[datetime | None, datetime | None],
) -> Walk:
    """The walk (see `keyset.leaf`) over what passes `narrows` and `also`, with `at` inside `span`."""
    fixed = [*in_time(session, id_, at, *span), *also]

    def go(start: tuple[int, ...] | None, down: bool, most: int) -> list[tuple[int, ...]]:
        beyond = [keyset.beyond(id_, start[0], down)] if start else []
        query = ids(session, id_, narrows, [*fixed, *beyond], down=down)
        return [(number,) for number in session.scalars(query.limit(most))]

    return go


def in_time(
    session: Session,
    id_: InstrumentedAttribute[int],
    at: InstrumentedAttribute[datetime],
    since: datetime | None,
    until: datetime | None,
) -> list[ColumnElement[bool]]:
    """The conditions of `since <= at < until`, as bounds of the id, which grows with the time of arrival.

    Several writers, and a clock that was set back, mix the order a little: the bound is the farthest id among the
    SAMPLE rows nearest to the instant, and the time itself is checked again.
    """
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        rows = select(id_).where(at >= since).order_by(at).limit(SAMPLE).subquery()
        lowest = session.scalar(select(func.min(rows.c.id)))
        conditions += [false()] if lowest is None else [id_ >= lowest, unindexed(at) >= since]
    if until is not None:
        rows = select(id_).where(at < until).order_by(at.desc()).limit(SAMPLE).subquery()
        highest = session.scalar(select(func.max(rows.c.id)))
        conditions += [false()] if highest is None else [id_ <= highest, unindexed(at) < until]
    return conditions
