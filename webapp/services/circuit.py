"""The circuit of each account: a server in trouble is left alone for a while; its messages wait and lose no tries.

Trouble opens the circuit until `retry_at`; then one node tries again with one connection. Success, or a change of the
account's settings, closes it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from webapp.channels.base import AccountTrouble, TroubleKind
from webapp.models import AccountHealth


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until the first new try, and the most that the doubling reaches."""

    first: float
    most: float


# A wrong password is tried rarely, so that the server does not lock the user out; a refused connection costs nothing.
PATIENCE: dict[TroubleKind, Patience] = {
    TroubleKind.UNREACHABLE: Patience(1.0, 60.0),
    TroubleKind.BUSY: Patience(2.0, 60.0),
    TroubleKind.TLS: Patience(15.0, 300.0),
    TroubleKind.AUTH: Patience(300.0, 600.0),
    TroubleKind.SENDER: Patience(30.0, 300.0),
    TroubleKind.PROTOCOL: Patience(5.0, 120.0),
}

LONGEST = timedelta(seconds=max(patience.most for patience in PATIENCE.values()) * 1.2)


def wait_after(kind: TroubleKind, failures: int, spread: float | None = None) -> timedelta:
    """How long to leave a server alone after `failures` troubles in a row; ± 20 %, not to knock with other nodes."""
    spread = random.uniform(-0.2, 0.2) if spread is None else spread  # noqa: S311
    patience = PATIENCE[kind]
    return timedelta(seconds=min(patience.first * 2 ** min(failures - 1, 16), patience.most) * (1 + spread))


def opened(connection: Connection, account_id: int, trouble: AccountTrouble, now: datetime, *, probing: bool) -> None:
    """Notes a trouble and leaves the account alone for a while.

    Several connections that meet the same trouble at once count as one, unless this was the probe of an open circuit.
    """
    before = connection.execute(
        select(AccountHealth.failures, AccountHealth.since, AccountHealth.retry_at).where(
            AccountHealth.account_id == account_id
        )
    ).one_or_none()
    if before and before.retry_at and now < before.retry_at <= now + LONGEST and not probing:
        return
    failures = (before.failures if before else 0) + 1
    values = {
        "failures": failures,
        "since": (before.since if before else None) or now,
        "retry_at": now + wait_after(trouble.kind, failures),
        "kind": trouble.kind.value,
        "stage": trouble.stage.value,
        "code": trouble.code,
        "words": trouble.words,
    }
    if before:
        connection.execute(update(AccountHealth).where(AccountHealth.account_id == account_id).values(values))
        return
    try:
        with connection.begin_nested():
            connection.execute(insert(AccountHealth).values(account_id=account_id, **values))
    except IntegrityError:
        connection.execute(update(AccountHealth).where(AccountHealth.account_id == account_id).values(values))


def closed(connection: Connection, account_id: int) -> None:
    """The server works, or its settings changed: start afresh."""
    connection.execute(delete(AccountHealth).where(AccountHealth.account_id == account_id))


def may_probe(connection: Connection, account_id: int, now: datetime) -> bool:
    """Whether this node is the one that tries an account in trouble again: the guarded UPDATE lets one win.

    A retry that lies further ahead than any wait can was written before the clock was set back; it is due.
    """
    known = connection.execute(
        select(AccountHealth.kind, AccountHealth.failures).where(AccountHealth.account_id == account_id)
    ).one_or_none()
    if known is None:
        return True
    taken = connection.execute(
        update(AccountHealth)
        .where(
            AccountHealth.account_id == account_id,
            or_(AccountHealth.retry_at <= now, AccountHealth.retry_at > now + LONGEST),
        )
        .values(retry_at=now + wait_after(TroubleKind(known.kind), known.failures))
    )
    return taken.rowcount == 1
