"""Leases: one holder at a time, renewed by its heartbeat, free when that stops."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, select, update

from tests.probes import together
from webapp.database import lease_now
from webapp.extensions import db
from webapp.models import Lease
from webapp.services import leases
from webapp.services.unit import write, write_results

MINE, OTHER = 1, 2


@pytest.fixture
def connection(any_ctx: Flask) -> Iterator[Connection]:
    with write_results(db.engine) as connection:
        yield connection


def set_end(connection: Connection, seconds: float, name: str = "x") -> None:
    connection.execute(update(Lease).where(Lease.name == name).values(until=lease_now() + seconds))


def left(connection: Connection, name: str = "x") -> float:
    return connection.scalar(select(Lease.until - lease_now()).where(Lease.name == name)) or 0.0


def test_a_free_lease_is_taken_for_twenty_seconds(connection: Connection) -> None:
    assert leases.acquire(connection, "x", MINE)
    assert 19 < left(connection) <= 20


def test_a_held_lease_is_refused(connection: Connection) -> None:
    leases.acquire(connection, "x", MINE)
    assert not leases.acquire(connection, "x", OTHER)
    assert leases.acquire(connection, "y", OTHER)


def test_its_holder_renews_it(connection: Connection) -> None:
    leases.acquire(connection, "x", MINE)
    set_end(connection, 3)
    assert leases.acquire(connection, "x", MINE)
    assert left(connection) > 19


def test_a_lease_that_ran_out_is_free(connection: Connection) -> None:
    leases.acquire(connection, "x", MINE)
    set_end(connection, -0.1)
    assert leases.acquire(connection, "x", OTHER)
    assert not leases.acquire(connection, "x", MINE)


def test_a_lease_from_before_the_clock_was_set_back_is_free(connection: Connection) -> None:
    leases.acquire(connection, "x", MINE)
    set_end(connection, 3600)
    assert leases.acquire(connection, "x", OTHER)


def test_slots_are_given_until_none_is_left(connection: Connection) -> None:
    taken = [leases.acquire_any(connection, "smtp:1", 3, MINE) for _ in range(2)]
    taken += [leases.acquire_any(connection, "smtp:1", 3, OTHER) for _ in range(2)]
    assert taken == ["smtp:1:0", "smtp:1:1", "smtp:1:2", None]
    assert leases.acquire_any(connection, "smtp:2", 3, OTHER) == "smtp:2:0"


def test_a_slot_given_back_is_given_again(connection: Connection) -> None:
    for _ in range(2):
        leases.acquire_any(connection, "smtp:1", 2, MINE)
    leases.release(connection, MINE, "smtp:1:0")
    assert leases.acquire_any(connection, "smtp:1", 2, OTHER) == "smtp:1:0"


def test_a_slot_that_ran_out_is_given_again(connection: Connection) -> None:
    leases.acquire_any(connection, "smtp:1", 1, MINE)
    set_end(connection, -1, "smtp:1:0")
    assert leases.acquire_any(connection, "smtp:1", 1, OTHER) == "smtp:1:0"


def test_a_heartbeat_renews_all_that_the_node_holds(connection: Connection) -> None:
    node = leases.node_name(MINE)
    for name in (node, "x"):
        leases.acquire(connection, name, MINE)
        set_end(connection, 3, name)
    leases.acquire(connection, "y", OTHER)
    set_end(connection, 3, "y")
    assert leases.renew(connection, MINE)
    assert left(connection, node) > 19
    assert left(connection) > 19
    assert left(connection, "y") < 4


def test_a_node_whose_own_lease_is_gone_is_told(connection: Connection) -> None:
    """It still holds a connection slot, taken late; its messages are others' all the same."""
    leases.acquire(connection, "smtp:1:0", MINE)
    assert not leases.renew(connection, MINE)


def test_release_gives_back_all_of_one_holder(connection: Connection) -> None:
    for name in ("x", "y"):
        leases.acquire(connection, name, MINE)
    leases.acquire(connection, "z", OTHER)
    leases.release(connection, MINE)
    assert list(connection.scalars(select(Lease.name))) == ["z"]


def test_one_of_many_gets_it(any_ctx: Flask) -> None:
    def attempt(token: int) -> bool:
        with write() as session:
            return leases.acquire(session.connection(), "x", token)

    won = together(any_ctx, [lambda token=token: attempt(token) for token in range(1, 9)])
    assert sum(won) == 1


def test_tokens_differ() -> None:
    tokens = {leases.new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(0 < token < 2**63 for token in tokens)
