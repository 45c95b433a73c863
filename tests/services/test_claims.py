"""Claims: a message is in one process's hands at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.dialects import postgresql

from tests.factories import make_account, make_messages
from tests.probes import together
from tests.services.held import MINE, OTHER, claim, die, ids, live, make_messages_on, row
from webapp import clock
from webapp.extensions import db
from webapp.models import Attempt, Message
from webapp.services import claims
from webapp.services.claims import Words
from webapp.services.outbox import PRIORITIES
from webapp.services.unit import write, write_results


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


def test_a_claimed_message_is_being_sent_by_its_claimer(account: int, connection: Connection) -> None:
    [number] = make_messages_on(connection)
    [claimed] = claim(connection, account)
    assert (claimed.id, claimed.token, claimed.recipient, claimed.attempts) == (number, MINE, "p0@corp.example", 0)
    assert row(connection, number) == ("sending", "", MINE, False)


def test_nothing_is_claimed_twice(account: int, connection: Connection) -> None:
    numbers = make_messages_on(connection, 3)
    assert ids(claim(connection, account, MINE, 2)) == numbers[:2]
    assert ids(claim(connection, account, OTHER)) == numbers[2:]
    assert claim(connection, account, OTHER) == []


def test_urgent_messages_go_first_then_the_oldest(account: int, connection: Connection) -> None:
    now = clock.now()
    [late] = make_messages_on(connection, next_attempt_at=now - timedelta(seconds=1))
    [early] = make_messages_on(connection, next_attempt_at=now - timedelta(seconds=9))
    [low] = make_messages_on(connection, priority=PRIORITIES["low"], next_attempt_at=now - timedelta(hours=1))
    [high] = make_messages_on(connection, priority=PRIORITIES["high"])
    taken = [claims.claim(connection, [account], MINE, clock.now(), 1)[0].id for _ in range(4)]
    assert taken == [high, early, late, low]


@pytest.mark.parametrize(
    "fields",
    [
        {"next_attempt_at": clock.now() + timedelta(hours=1)},
        {"expires_at": clock.now() - timedelta(seconds=1)},
        {"account_id": None},
        {"state": "sent"},
        {"state": "cancelled"},
        {"state": "sending", "claim_token": OTHER},
    ],
    ids=lambda fields: ",".join(map(str, fields)),
)
def test_what_is_not_due_stays(account: int, connection: Connection, fields: dict[str, object]) -> None:
    make_messages_on(connection, **fields)
    assert claim(connection, account) == []
    assert claims.count_due(connection, [account], clock.now(), 10) == 0


def test_a_node_without_a_lease_claims_nothing(account: int, connection: Connection) -> None:
    make_messages_on(connection)
    assert claim(connection, account, 33) == []
    die(connection, MINE)
    assert claim(connection, account, MINE) == []
    assert len(claim(connection, account, OTHER)) == 1


def test_counting_stops_early(account: int, connection: Connection) -> None:
    make_messages_on(connection, 5)
    make_messages_on(connection, 5, priority=PRIORITIES["high"])
    assert [claims.count_due(connection, [account], clock.now(), most) for most in (0, 3, 7, 99)] == [0, 3, 7, 10]


def test_many_claimers_share_without_overlap(any_ctx: Flask) -> None:
    account = make_account()
    numbers = make_messages(60)

    def take(token: int) -> list[int]:
        taken: list[int] = []
        with write_results(db.engine) as connection:
            live(connection, token)
        while True:
            with write_results(db.engine) as connection:
                batch = claim(connection, account, token, 7)
            if not batch:
                return taken
            taken += ids(batch)

    shares = together(any_ctx, [lambda token=token: take(token) for token in range(1, 5)])
    assert sorted(number for share in shares for number in share) == numbers


@pytest.mark.parametrize("any_database", ["postgresql"], indirect=True)
def test_a_claimer_does_not_wait_for_another(any_ctx: Flask) -> None:
    account = make_account()
    numbers = make_messages(4)
    with db.engine.connect() as one, db.engine.connect() as two:
        live(one, MINE)
        live(two, OTHER)
        two.execute(text("SET LOCAL lock_timeout = '5s'"))
        assert ids(claim(one, account, MINE, 2)) == numbers[:2]
        assert ids(claim(two, account, OTHER)) == numbers[2:]


def test_one_message_is_claimed_by_its_number(account: int, connection: Connection) -> None:
    [number] = make_messages_on(connection, next_attempt_at=clock.now() + timedelta(hours=1))
    claimed = claims.claim_one(connection, number, MINE)
    assert claimed is not None
    assert claimed.id == number
    assert claims.claim_one(connection, number, OTHER) is None


def test_words_come_with_their_number(account: int, connection: Connection) -> None:
    make_messages_on(connection)
    [claimed] = claim(connection, account)
    assert claims.words_of(connection, {claimed.content_id}) == {claimed.content_id: Words("A subject", "A body", None)}


def test_the_last_minute_counts_tries_and_what_is_in_hand(account: int, connection: Connection) -> None:
    [number, *_] = make_messages_on(connection, 3)
    now = clock.now()
    tried = {"message_id": number, "account_id": account, "duration_ms": 1, "outcome": "accepted", "stage": "dot"}
    ages = [timedelta(seconds=59), timedelta(seconds=61)]
    connection.execute(insert(Attempt), [{**tried, "started_at": now - age} for age in ages])
    claim(connection, account, limit=2)
    assert claims.sent_in_last_minute(connection, account, [account], now) == 3


def test_only_its_claimer_may_say_that_it_leaves(account: int, connection: Connection) -> None:
    make_messages_on(connection)
    [claimed] = claim(connection, account)
    assert claims.mark_transmitting(connection, claimed)
    assert row(connection, claimed.id)[3]
    claims.release(connection, MINE)
    claim(connection, account, OTHER)
    assert not claims.mark_transmitting(connection, claimed)


def test_released_messages_are_as_they_were(account: int, connection: Connection) -> None:
    numbers = make_messages_on(connection, 3)
    claim(connection, account, MINE, 2)
    claim(connection, account, OTHER)
    assert claims.release(connection, MINE, numbers[1:]) == 1
    assert row(connection, numbers[1]) == ("queued", "", None, False)
    assert claims.release(connection, MINE) == 1
    assert [row(connection, number)[0] for number in numbers] == ["queued", "queued", "sending"]


# --- speed ---


def test_the_queue_is_read_by_its_index(any_ctx: Flask) -> None:
    with write() as session:
        wanted = select(Message.id).where(claims.due(1, 1, clock.now())).order_by(Message.next_attempt_at).limit(5)
        if session.get_bind().dialect.name == "postgresql":
            literal = str(wanted.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
            session.execute(text("SET LOCAL enable_seqscan = off"))
            plan = session.scalars(text(f"EXPLAIN {literal}"))
            assert "ix_message_due" in "".join(plan)
            return
        compiled = wanted.compile(db.engine)
        values = tuple(compiled.params[name] for name in compiled.positiontup or ())
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", tuple(map(str, values)))
        plan_words = " ".join(str(line) for line in rows)
        assert "ix_message_due" in plan_words
        assert "TEMP B-TREE" not in plan_words


def test_the_partial_index_is_named_by_a_literal() -> None:
    """A prepared statement with a bind for the state could not use it on PostgreSQL."""
    assert "message.state = 'queued'" in str(claims.due(1, 1, clock.now()).compile(dialect=postgresql.dialect()))
