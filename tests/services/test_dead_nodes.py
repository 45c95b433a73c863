"""Dead nodes: what they held comes back, and what may have left must not be repeated blindly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, select

from tests.factories import make_account
from tests.services.held import MINE, OTHER, claim, die, ids, live, make_messages_on, row
from webapp import clock
from webapp.extensions import db
from webapp.models import Lease, Message, TimelineEntry
from webapp.services import claims, leases
from webapp.services.unit import write_results


@pytest.fixture
def account(any_ctx: Flask) -> int:
    return make_account()


@pytest.fixture
def connection(account: int) -> Iterator[Connection]:
    with write_results(db.engine) as connection:
        live(connection, MINE)
        live(connection, OTHER)
    with write_results(db.engine) as connection:
        yield connection


def timeline(connection: Connection) -> list[tuple[int, str]]:
    rows = connection.execute(select(TimelineEntry.message_id, TimelineEntry.kind).order_by(TimelineEntry.id))
    return [(row.message_id, row.kind) for row in rows]


def test_a_dead_nodes_messages_are_queued_again(account: int, connection: Connection) -> None:
    numbers = make_messages_on(connection, 3)
    claim(connection, account, MINE, 2)
    claim(connection, account, OTHER)
    die(connection, MINE)
    assert claims.reap(connection, clock.now()) == 2
    assert [row(connection, number)[:3] for number in numbers] == [
        ("queued", "", None),
        ("queued", "", None),
        ("sending", "", OTHER),
    ]
    assert sorted(timeline(connection)) == [(numbers[0], "freed"), (numbers[1], "freed")]
    assert claims.reap(connection, clock.now()) == 0


def test_a_freed_message_is_due_at_once(account: int, connection: Connection) -> None:
    [number] = make_messages_on(connection)
    claim(connection, account)
    die(connection, MINE)
    claims.reap(connection, clock.now())
    assert ids(claim(connection, account, OTHER)) == [number]


@pytest.mark.parametrize(
    ("at_most_once", "transmitting", "state", "kind"),
    [
        (True, True, ("unknown", "unanswered", None, False), "left_in_doubt"),
        (True, False, ("queued", "", None, False), "freed"),
        (False, True, ("queued", "", None, False), "freed"),
    ],
)
def test_only_what_must_not_be_repeated_and_may_have_left_is_in_doubt(
    account: int, connection: Connection, at_most_once: bool, transmitting: bool, state: tuple[object], kind: str
) -> None:
    [number] = make_messages_on(connection, at_most_once=at_most_once)
    [claimed] = claim(connection, account)
    if transmitting:
        claims.mark_transmitting(connection, claimed)
    die(connection, MINE)
    assert claims.reap(connection, clock.now()) == 1
    assert row(connection, number) == state
    assert timeline(connection) == [(number, kind)]
    waits = connection.scalar(select(Message.next_attempt_at).where(Message.id == number))
    assert (waits is None) == (kind == "left_in_doubt")


def test_a_connection_slot_does_not_keep_a_dead_nodes_messages(account: int, connection: Connection) -> None:
    [number] = make_messages_on(connection)
    claim(connection, account)
    leases.acquire(connection, "smtp:1:0", MINE)
    die(connection, MINE)
    assert claims.reap(connection, clock.now()) == 1
    assert row(connection, number)[0] == "queued"
    assert not leases.renew(connection, MINE)


def test_leases_that_ran_out_are_removed(account: int, connection: Connection) -> None:
    die(connection, MINE)
    claims.reap(connection, clock.now())
    assert list(connection.scalars(select(Lease.token))) == [OTHER]
