"""Keyset pagination: a page names the last row that it showed, so the thousandth costs what the first does."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, UnaryExpression

from webapp.errors import InvalidInput

T = TypeVar("T")
Walk = Callable[[tuple[int, ...] | None, bool, int], list[tuple[int, ...]]]
BIGGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursors of the pages after and before them; None where the list ends."""

    items: list[T]
    next: str | None
    previous: str | None = None


def encode(*numbers: int) -> str:
    """The cursor of a place in a list; safe in a URL, and nobody's business what it says."""
    return base64.urlsafe_b64encode(",".join(map(str, numbers)).encode()).decode().rstrip("=")


def decode(cursor: str, count: int = 1) -> tuple[int, ...]:
    """The `count` numbers of a cursor that `encode` made. Raises InvalidInput naming `after`."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        parts = text.split(",")
        numbers = tuple(int(part) for part in parts if part.isdigit())
    except (binascii.Error, ValueError):
        parts, numbers = [], ()
    if len(numbers) != count or len(parts) != count or any(number > BIGGEST_ID for number in numbers):
        raise wrong_cursor()
    return numbers


def wrong_cursor() -> InvalidInput:
    """What a cursor is refused with that is not one of this list, or not any more."""
    return InvalidInput.at("after", _("This is not a cursor of this list. Start again without it."))


@dataclass(frozen=True, slots=True)
class Turn:
    """Which page of a list: the one after a cursor, the one before a cursor (this goes first), or the first one."""

    after: str | None = None
    before: str | None = None
    oldest_first: bool = False
    limit: int = 50


def leaf(walk: Walk, turn: Turn, width: int = 1) -> Page[tuple[int, ...]]:
    """The places of one page. `walk(start, down, most)` lists up to `most` of them beyond `start`, down: newest first.

    A place is `width` numbers, the last one the id. Raises InvalidInput for a cursor that is not one of this list.
    """
    back = bool(turn.before)
    cursor = turn.before or turn.after
    start = decode(cursor, width) if cursor else None
    found = walk(start, turn.oldest_first == back, turn.limit + 1)
    more, found = len(found) > turn.limit, found[: turn.limit]
    if back and not more:  # the top is reached: a whole first page, not just what is above the cursor
        return leaf(walk, replace(turn, before=None, after=None), width)
    if back:
        found.reverse()
        return Page(found, encode(*found[-1]), encode(*found[0]))
    return Page(found, encode(*found[-1]) if more else None, encode(*found[0]) if cursor and found else None)


def filled(places: Page[tuple[int, ...]], rows: Iterable[Any]) -> Page[Any]:
    """The page with the rows of its places; one that is gone meanwhile is left out."""
    by_id = {row.id: row for row in rows}
    return Page([by_id[place[-1]] for place in places.items if place[-1] in by_id], places.next, places.previous)


def beyond(column: Any, value: int, down: bool) -> ColumnElement[bool]:
    """What comes after `value` when walking down (newest first) or up the column."""
    condition: ColumnElement[bool] = column < value if down else column > value
    return condition


def towards(column: Any, down: bool) -> UnaryExpression[Any]:
    """The order of that walk."""
    order: UnaryExpression[Any] = column.desc() if down else column.asc()
    return order
