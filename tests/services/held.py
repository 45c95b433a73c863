"""Two nodes, what they hold, and what becomes of it: shared by the tests of claims and of dead nodes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from webapp import clock
from webapp.database import lease_now
from webapp.models import Content, Lease, Message
from webapp.services import claims, leases
from webapp.services.claims import Claimed

MINE, OTHER = 11, 22


def live(connection: Connection, token: int) -> None:
    assert leases.acquire(connection, leases.node_name(token), token)


def die(connection: Connection, token: int) -> None:
    connection.execute(update(Lease).where(Lease.name == leases.node_name(token)).values(until=lease_now() - 1))


def claim(connection: Connection, account: int, token: int = MINE, limit: int = 100) -> list[Claimed]:
    return claims.claim(connection, [account], token, clock.now(), limit)


def ids(claimed: list[Claimed]) -> list[int]:
    return [one.id for one in claimed]


def row(connection: Connection, number: int) -> tuple[Any, ...]:
    columns = Message.state, Message.reason, Message.claim_token, Message.transmitting
    return tuple(connection.execute(select(*columns).where(Message.id == number)).one())


def make_messages_on(connection: Connection, count: int = 1, **fields: object) -> list[int]:
    """Messages made inside the test's own transaction, since SQLite has one writer."""
    now = clock.now()
    content = connection.scalar(
        insert(Content).returning(Content.id), {"subject": "A subject", "text": "A body", "html": None}
    )
    account = connection.scalar(text("SELECT id FROM smtp_account"))
    rows = [
        {
            "channel": "email",
            "recipient": f"p{number}@corp.example",
            "content_id": content,
            "account_id": account,
            "message_id": f"<{content}.{number}@corp.example>",
            "next_attempt_at": now,
            "expires_at": now + timedelta(days=1),
            "state": "queued",
            **fields,
        }
        for number in range(count)
    ]
    return list(connection.scalars(insert(Message).returning(Message.id, sort_by_parameter_order=True), rows))
