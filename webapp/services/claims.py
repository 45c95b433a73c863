"""Claims: which process sends which message. Everything here runs inside the caller's write transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import add, attrgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Select,
    UpdateBase,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute

from webapp.database.hot import HotStatement, driver_of
from webapp.mail.compose import Words
from webapp.models import Attempt, Content, Lease, Message, State, TimelineEntry
from webapp.services import leases

PRIORITIES = (2, 1, 0)
RATE_WINDOW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What delivering needs of a claimed message; a plain value, safe in any thread."""

    id: int
    token: int
    recipient: str
    recipient_name: str
    content_id: int
    reply_to: str | None
    return_path: str | None
    confirmation_to: str | None
    attempts: int
    at_most_once: bool
    message_id: str
    created_at: datetime


_WANTED = [getattr(Message, name) for name in Claimed.__dataclass_fields__ if name != "token"]


_QUEUED = Message.state == literal_column(f"'{State.QUEUED.value}'")  # a partial index wants the word, not a bind
_SENDING = Message.state == literal_column(f"'{State.SENDING.value}'")


def _bound(name: str, column: InstrumentedAttribute[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=column.type)


_TIME = _bound("the_time", Message.next_attempt_at)


def due(account_id: Any, priority: Any, now: Any) -> ColumnElement[bool]:
    """SQL: what may be sent for an account, in the order of the queue's index."""
    return and_(
        _QUEUED,
        Message.account_id == account_id,
        Message.priority == priority,
        Message.next_attempt_at <= now,
        Message.expires_at > now,
    )


def count_due(connection: Connection, account_ids: Sequence[int], now: datetime, most: int) -> int:
    """How many messages are due, counting no further than `most`."""
    found = 0
    for account_id in account_ids:
        if found < most:
            row = _COUNT.one(driver_of(connection), the_account=account_id, the_time=now, most=most - found)
            found += row[0] if row else 0
    return min(found, most)


def _counting() -> Select[tuple[int]]:
    account, most = _bound("the_account", Message.account_id), bindparam("most", type_=Integer())
    bands = [
        select(Message.id).where(due(account, priority, _TIME)).limit(most).subquery(f"band_{priority}")
        for priority in PRIORITIES
    ]
    first, *others = [select(func.count()).select_from(band).scalar_subquery() for band in bands]
    return select(reduce(add, others, first))


_COUNT = HotStatement(_counting())


def claim(connection: Connection, account_ids: Sequence[int], token: int, now: datetime, limit: int) -> list[Claimed]:
    """Up to `limit` due messages of these accounts, now `sending` under `token`; none when the node's lease is gone."""
    if not _alive(connection, token):
        return []
    taken: list[Claimed] = []
    for account_id in account_ids:
        for priority in PRIORITIES:
            if len(taken) < limit:
                taken += _claim_band(connection, account_id, priority, token, now, limit - len(taken))
    return taken


def _alive(connection: Connection, token: int) -> bool:
    lease = select(Lease.token).where(Lease.name == leases.node_name(token), Lease.token == token, leases.is_live())
    return connection.scalar(lease.with_for_update(read=True)) is not None


def _claiming() -> UpdateBase:
    wanted = due(_bound("the_account", Message.account_id), _bound("the_priority", Message.priority), _TIME)
    chosen = (
        select(Message.id)
        .where(wanted)
        .order_by(Message.next_attempt_at)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
        .cte("chosen")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return (
        update(Message)
        .where(Message.id.in_(select(chosen.c.id)))
        .values(state=State.SENDING.value, claim_token=_bound("the_token", Message.claim_token), transmitting=False)
        .returning(*_WANTED)
    )


_CLAIM = HotStatement(_claiming())


def _claim_band(
    connection: Connection, account_id: int, priority: int, token: int, now: datetime, limit: int
) -> list[Claimed]:
    rows = _CLAIM.all(
        driver_of(connection),
        the_account=account_id,
        the_priority=priority,
        the_time=now,
        the_token=token,
        most=limit,
    )
    return sorted((_claimed(row, token) for row in rows), key=attrgetter("id"))


def _claimed(row: Sequence[Any], token: int) -> Claimed:
    number, *rest = row
    return Claimed(number, token, *rest)


def claim_one(connection: Connection, message_id: int, token: int) -> Claimed | None:
    """That message, when it is queued; for a person who waits for it."""
    row = connection.execute(
        update(Message)
        .where(Message.id == message_id, _QUEUED)
        .values(state=State.SENDING, claim_token=token, transmitting=False)
        .returning(*_WANTED)
    ).one_or_none()
    return _claimed(row, token) if row else None


def words_of(connection: Connection, content_ids: set[int]) -> dict[int, Words]:
    """The words of these contents."""
    rows = connection.execute(
        select(Content.id, Content.subject, Content.text, Content.html).where(Content.id.in_(content_ids))
    )
    return {row.id: Words(row.subject, row.text, row.html) for row in rows}


def sent_in_last_minute(connection: Connection, account_id: int, sources: Sequence[int], now: datetime) -> int:
    """Tries of the last 60 s and what is in hand now: what a limit per minute counts, on all nodes.

    `sources` are the accounts whose messages this one carries; what is in hand of any of them may leave by it.
    """
    tried = connection.scalar(
        select(func.count()).where(Attempt.account_id == account_id, Attempt.started_at > now - RATE_WINDOW)
    )
    in_hand = connection.scalar(select(func.count()).where(_SENDING, Message.account_id.in_(sources)))
    return (tried or 0) + (in_hand or 0)


def mark_transmitting(connection: Connection, claimed: Claimed) -> bool:
    """Notes before the final dot that a message that must not be repeated may have left. False: no longer ours."""
    return (
        connection.execute(
            update(Message)
            .where(Message.id == claimed.id, Message.claim_token == claimed.token, _SENDING)
            .values(transmitting=True)
        ).rowcount
        == 1
    )


def release(connection: Connection, token: int, ids: Sequence[int] | None = None) -> int:
    """Give claimed messages back to the queue as they were; all of `token`'s when no ids are named."""
    ours = and_(_SENDING, Message.claim_token == token)
    statement = update(Message).where(ours if ids is None else and_(ours, Message.id.in_(ids)))
    return connection.execute(
        statement.values(state=State.QUEUED, claim_token=None, transmitting=False),
    ).rowcount


def give_back(connection: Connection, back: Sequence[Claimed]) -> None:
    """The same for these, whoever's claims they are."""
    by_token: dict[int, list[int]] = {}
    for claimed in back:
        by_token.setdefault(claimed.token, []).append(claimed.id)
    for token, ids in by_token.items():
        release(connection, token, ids)


def reap(connection: Connection, now: datetime) -> int:
    """Free what dead nodes held; how many messages. Leases go first: a node that wakes up then finds that it has none.

    A message that must not be repeated and may have left becomes `unknown`; every other is queued again.
    """
    connection.execute(delete(Lease).where(~leases.is_live()))
    alive = select(Lease.token).where(Lease.name.startswith(leases.NODE))
    in_doubt = and_(Message.at_most_once, Message.transmitting)
    freed = connection.execute(
        update(Message)
        .where(_SENDING, Message.claim_token.not_in(alive))
        .values(
            state=case((in_doubt, State.UNKNOWN.value), else_=State.QUEUED.value),
            reason=case((in_doubt, "unanswered"), else_=""),
            next_attempt_at=case((in_doubt, None), else_=Message.next_attempt_at),
            claim_token=None,
            transmitting=False,
        )
        .returning(Message.id, Message.state)
    ).all()
    if freed:
        kinds = {State.UNKNOWN.value: "left_in_doubt", State.QUEUED.value: "freed"}
        notes = [{"message_id": row.id, "at": now, "kind": kinds[row.state], "detail": {}} for row in freed]
        connection.execute(insert(TimelineEntry), notes)
    return len(freed)
