"""Messages by words of their subject.

Contents are found by the database's word index, newest first, and messages by their content: the order is that of the
contents, so that no page has to sort all that was ever sent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Select, and_, column, func, or_, select, table
from sqlalchemy.orm import Session

from webapp.models import Content, Message
from webapp.models.search import POSTGRESQL_WORDS, SIMPLE, TABLE
from webapp.queries.keyset import beyond, towards
from webapp.queries.narrowing import SAMPLE, Narrow

# Up to so many messages it is quicker to look into each than to look at what has the words.
FEW = 2000
FIRST_CHUNK = 16
LONGEST_CHUNK = 8192

Place = tuple[int, int]
Span = tuple[int, int]

_INDEX = table(TABLE, column("rowid"), column(TABLE))


def words_of(typed: str) -> list[str]:
    """The words to look for; a `*` that ends one means that it is only the beginning."""
    kept = [c if c.isalnum() or c == "*" or unicodedata.category(c) == "Mn" else " " for c in typed]
    found = "".join(kept).replace("*", "* ").split()
    return [word for word in found if word.strip("*")]


def find(
    session: Session,
    words: Sequence[str],
    narrows: Sequence[Narrow],
    also: Sequence[ColumnElement[bool]],
    after: Place | None,
    most: int,
    *,
    down: bool = True,
) -> list[Place]:
    """Up to `most` places (content id, message id) of messages that have all the words, beyond `after`.

    Newest content first, or with `down` false the oldest.
    """
    if not words:
        return []
    few = {narrow: narrow.count(session, Message.id, also, FEW) for narrow in narrows}
    leader = min(few, key=few.__getitem__, default=None)
    if leader is not None and few[leader] < FEW:
        checks = [narrow.checked for narrow in narrows if narrow is not leader]
        rows = _rows(leader.searched, *checks, *also, _has(session, words), after=after, down=down).limit(most)
        return _places(session, rows)
    span = _span(session, also) if also else None
    if also and span is None:
        return []
    return _by_contents(session, words, [*(narrow.checked for narrow in narrows), *also], after, most, down, span)


def _span(session: Session, also: Sequence[ColumnElement[bool]]) -> Span | None:
    """Which contents the messages that pass can have, if any do: contents are made in the order of their messages.

    Nearly: the messages of one event share some, and several writers mix the order. So the farthest content counts
    among those of the SAMPLE messages at either end.
    """
    edges = []
    for farthest, order in ((func.min, Message.id.asc()), (func.max, Message.id.desc())):
        nearest = select(Message.content_id).where(*also).order_by(order).limit(SAMPLE).subquery()
        edges.append(session.scalar(select(farthest(nearest.c.content_id))))
    lowest, highest = edges
    return None if lowest is None or highest is None else (lowest, highest)


def _by_contents(
    session: Session,
    words: Sequence[str],
    checks: list[ColumnElement[bool]],
    after: Place | None,
    most: int,
    down: bool,
    span: Span | None,
) -> list[Place]:
    found: list[Place] = []
    for chunk in _chunks(session, words, after, down, span):
        rows = _rows(Message.content_id.in_(chunk), *checks, after=after, down=down).limit(most - len(found))
        found += _places(session, rows)
        if len(found) >= most:
            break
    return found


def _rows(*conditions: ColumnElement[bool], after: Place | None, down: bool) -> Select[int, int]:
    query = select(Message.content_id, Message.id).where(*conditions)
    if after is not None:
        content_id, message_id = after
        same = and_(Message.content_id == content_id, beyond(Message.id, message_id, down))
        query = query.where(or_(beyond(Message.content_id, content_id, down), same))
    return query.order_by(towards(Message.content_id, down), towards(Message.id, down))


def _places(session: Session, rows: Select[int, int]) -> list[Place]:
    return [(row.content_id, row.id) for row in session.execute(rows)]


def _chunks(
    session: Session, words: Sequence[str], after: Place | None, down: bool, span: Span | None
) -> Iterator[list[int]]:
    """Ids of contents with the words, in order; ever more at a time, because few of them pass the other filters."""
    size, edge = FIRST_CHUNK, after[0] + (1 if down else -1) if after else None
    while True:
        chunk = list(session.scalars(contents(session, words, edge, size, down=down, span=span)))
        if chunk:
            yield chunk
        if len(chunk) < size:
            return
        edge, size = chunk[-1], min(size * 4, LONGEST_CHUNK)


def contents(
    session: Session,
    words: Sequence[str],
    edge: int | None,
    size: int,
    *,
    down: bool = True,
    span: Span | None = None,
) -> Select[int]:
    """The statement for the ids of contents beyond `edge`, in `span`, that have the words: the newest first, or the
    oldest."""
    number: ColumnElement[int] = _INDEX.c.rowid if _is_sqlite(session) else Content.id.expression
    query = select(number).where(_have(session, words))
    if span:
        query = query.where(number >= span[0], number <= span[1])
    if edge is not None:
        query = query.where(beyond(number, edge, down))
    return query.order_by(towards(number, down)).limit(size)


def _has(session: Session, words: Sequence[str]) -> ColumnElement[bool]:
    """Whether one message's subject has the words."""
    number: ColumnElement[int] = _INDEX.c.rowid if _is_sqlite(session) else Content.id.expression
    return select(number).where(number == Message.content_id, _have(session, words)).exists()


def _have(session: Session, words: Sequence[str]) -> ColumnElement[bool]:
    return _matches(words) if _is_sqlite(session) else _matches_postgresql(words)


def _matches(words: Sequence[str]) -> ColumnElement[bool]:
    query = " ".join(f'"{word.rstrip("*")}"{"*" if word.endswith("*") else ""}' for word in words)
    return _INDEX.c[TABLE].op("MATCH", is_comparison=True)(query)


def _matches_postgresql(words: Sequence[str]) -> ColumnElement[bool]:
    query = " & ".join(word.rstrip("*") + (":*" if word.endswith("*") else "") for word in words)
    return POSTGRESQL_WORDS.op("@@", is_comparison=True)(func.to_tsquery(SIMPLE, query))


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
