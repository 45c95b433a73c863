"""The circuit: a server in trouble is left alone for a while, and one try finds out when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Row, select

from tests.factories import make_account
from tests.probes import together
from webapp.channels.base import AccountTrouble, Stage, TroubleKind
from webapp.extensions import db
from webapp.models import AccountHealth
from webapp.services import circuit
from webapp.services.unit import write_results

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
REFUSED = AccountTrouble(TroubleKind.UNREACHABLE, Stage.CONNECT, "connection refused")
WRONG_PASSWORD = AccountTrouble(TroubleKind.AUTH, Stage.AUTH, "5.7.8 wrong", code=535)


@pytest.fixture
def account(any_ctx: Flask) -> int:
    return make_account()


@pytest.fixture
def connection(account: int) -> Iterator[Connection]:
    with write_results(db.engine) as connection:
        yield connection


def health(connection: Connection, account: int) -> Row[Any] | None:
    return connection.execute(select(AccountHealth).where(AccountHealth.account_id == account)).one_or_none()


def test_trouble_opens_it(connection: Connection, account: int) -> None:
    circuit.opened(connection, account, WRONG_PASSWORD, NOW, probing=False)
    found = health(connection, account)
    assert found is not None
    assert (found.failures, found.since, found.kind, found.stage, found.code) == (1, NOW, "auth", "auth", 535)
    assert found.words == "5.7.8 wrong"
    assert found.retry_at is not None
    assert timedelta(minutes=4) <= found.retry_at - NOW <= timedelta(minutes=6)


def test_connections_that_meet_the_same_trouble_count_once(connection: Connection, account: int) -> None:
    for _ in range(3):
        circuit.opened(connection, account, WRONG_PASSWORD, NOW, probing=False)
    found = health(connection, account)
    assert found is not None
    assert found.failures == 1


def test_a_probe_that_fails_waits_longer(connection: Connection, account: int) -> None:
    for number in range(4):
        circuit.opened(connection, account, REFUSED, NOW + timedelta(seconds=number), probing=True)
    found = health(connection, account)
    assert found is not None
    assert (found.failures, found.since) == (4, NOW)
    assert found.retry_at is not None
    assert timedelta(seconds=6.4) <= found.retry_at - NOW - timedelta(seconds=3) <= timedelta(seconds=9.6)


def test_success_starts_afresh(connection: Connection, account: int) -> None:
    circuit.opened(connection, account, REFUSED, NOW, probing=False)
    circuit.closed(connection, account)
    assert health(connection, account) is None
    assert circuit.may_probe(connection, account, NOW)


def test_nobody_tries_before_the_time(connection: Connection, account: int) -> None:
    circuit.opened(connection, account, WRONG_PASSWORD, NOW, probing=False)
    assert not circuit.may_probe(connection, account, NOW + timedelta(minutes=3))


def test_then_one_tries(connection: Connection, account: int) -> None:
    circuit.opened(connection, account, WRONG_PASSWORD, NOW, probing=False)
    later = NOW + timedelta(minutes=7)
    assert [circuit.may_probe(connection, account, later) for _ in range(3)] == [True, False, False]


def test_of_many_nodes_one_tries(any_ctx: Flask, account: int) -> None:
    with write_results(db.engine) as connection:
        circuit.opened(connection, account, WRONG_PASSWORD, NOW, probing=False)

    def probe() -> bool:
        with write_results(db.engine) as connection:
            return circuit.may_probe(connection, account, NOW + timedelta(minutes=7))

    assert sum(together(any_ctx, [probe] * 6)) == 1


def test_trouble_met_by_many_nodes_at_once_is_noted(any_ctx: Flask, account: int) -> None:
    def meet() -> None:
        with write_results(db.engine) as connection:
            circuit.opened(connection, account, REFUSED, NOW, probing=False)

    together(any_ctx, [meet] * 6)
    with write_results(db.engine) as connection:
        assert health(connection, account) is not None


def test_a_clock_set_back_does_not_keep_it_open(connection: Connection, account: int) -> None:
    circuit.opened(connection, account, REFUSED, NOW, probing=False)
    before = NOW - timedelta(hours=1)
    assert circuit.may_probe(connection, account, before)
    circuit.opened(connection, account, REFUSED, before, probing=False)
    found = health(connection, account)
    assert found is not None
    assert found.retry_at is not None
    assert found.retry_at < before + circuit.LONGEST


def test_trouble_of_an_account_that_was_deleted_meanwhile_is_nothing(connection: Connection, account: int) -> None:
    circuit.opened(connection, account + 1, REFUSED, NOW, probing=False)
    assert health(connection, account + 1) is None


@pytest.mark.parametrize("kind", list(TroubleKind))
def test_waits_double_up_to_the_kinds_most(kind: TroubleKind) -> None:
    patience = circuit.PATIENCE[kind]
    waits = [circuit.wait_after(kind, failures, spread=0).total_seconds() for failures in (1, 2, 60, 10**6)]
    assert waits == [patience.first, min(2 * patience.first, patience.most), patience.most, patience.most]


def test_a_wrong_password_is_tried_less_than_twenty_times_an_hour() -> None:
    assert circuit.PATIENCE[TroubleKind.AUTH].first * 0.8 > 3600 / 20


def test_waits_are_spread() -> None:
    waits = {circuit.wait_after(TroubleKind.TLS, 1).total_seconds() for _ in range(200)}
    assert len(waits) > 100
    assert min(waits) >= 12
    assert max(waits) <= 18
