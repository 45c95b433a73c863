"""Leases: who may do a thing now. Twenty seconds, renewed by a heartbeat, fenced by a token.

The clock is the database's (`lease_now`): nodes whose wall clocks differ agree on it. A lease whose end lies further
ahead than any lease can last was written before that clock was set back (a reboot) and counts as over.
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from webapp.database import lease_now
from webapp.models import Lease

SECONDS = 20.0
NODE = "node:"
JOB = "job:"


def new_token() -> int:
    """A fencing token: never given twice."""
    return secrets.randbits(62) + 1


def node_name(token: int) -> str:
    """Name of the lease that says that a node lives."""
    return f"{NODE}{token}"


def of_job(name: Any) -> Any:
    """Name of the lease of a periodic job; of a column the expression."""
    return JOB + name


def is_live() -> ColumnElement[bool]:
    """SQL: this lease still binds."""
    return and_(Lease.until > lease_now(), Lease.until <= lease_now() + SECONDS + 1)


def acquire(connection: Connection, name: str, token: int) -> bool:
    """Take `name` for `token`, or renew it. False while another token holds it."""
    end = lease_now() + SECONDS
    taken = connection.execute(
        update(Lease).where(Lease.name == name, or_(Lease.token == token, ~is_live())).values(token=token, until=end)
    )
    if taken.rowcount:
        return True
    try:
        with connection.begin_nested():
            connection.execute(insert(Lease).values(name=name, token=token, until=end))
    except IntegrityError:
        return False
    return True


def acquire_any(connection: Connection, prefix: str, count: int, token: int) -> str | None:
    """Take one of `prefix:0 … prefix:count-1` that nobody holds, not even `token`; None when there is none."""
    names = [f"{prefix}:{number}" for number in range(count)]
    held = set(connection.scalars(select(Lease.name).where(Lease.name.in_(names), is_live())))
    return next((name for name in names if name not in held and acquire(connection, name, token)), None)


def renew(connection: Connection, token: int) -> bool:
    """The heartbeat of a node: all that `token` holds lasts another 20 s.

    False when the node's own lease is gone, whatever else it still holds: it was away, and others have its work.
    """
    renewed = connection.scalars(
        update(Lease).where(Lease.token == token).values(until=lease_now() + SECONDS).returning(Lease.name)
    )
    return node_name(token) in set(renewed)


def release(connection: Connection, token: int, name: str | None = None) -> None:
    """Give back `name`, or all that `token` holds."""
    statement = delete(Lease).where(Lease.token == token)
    connection.execute(statement if name is None else statement.where(Lease.name == name))
