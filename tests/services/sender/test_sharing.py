"""Several senders, limits that hold over all of them, accounts that stand in for each other."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from tests.factories import make_account, make_messages
from tests.peers import free_port, wait_until
from tests.peers.smtp_script import Ordinary, ScriptedSmtp, Stall, Then
from tests.services.sender.conftest import attempts, health, message, sending, wait_state
from webapp.extensions import db
from webapp.models import Lease, Message, SmtpAccount
from webapp.services import lane, leases, upkeep
from webapp.services import sender as sender_module
from webapp.services.sender import Sender
from webapp.services.settling import Handed, Settler
from webapp.services.unit import write


def _count(state: str) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Message.state == state)) or 0


def test_two_senders_share_the_queue_and_send_nothing_twice(any_ctx: Flask) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port)
        make_messages(400)
        with sending(any_ctx), sending(any_ctx):
            wait_until(lambda: _count("sent") == 400, "400 sent messages")
        copies = Counter(mail.recipients[0] for mail in server.mails)
    assert len(copies) == 400
    assert set(copies.values()) == {1}


def test_connections_are_limited_over_all_senders(ctx: Flask) -> None:
    with ScriptedSmtp(dot=Stall()) as server:
        make_account(port=server.port, max_connections=3)
        make_messages(20)
        with sending(ctx), sending(ctx):
            server.wait_for(lambda: len(server.mails) == 3)
            slots = db.session.scalar(select(func.count()).where(Lease.name.like("smtp:%")))
            assert (slots, server.connections) == (3, 3)


def test_who_gets_no_connection_asks_rarely_and_takes_over_when_it_can(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each message wakes every process, and one of them has all connections that the account allows."""
    asked = []
    with ScriptedSmtp(dot=[Stall(), Ordinary()]) as server:
        make_account(port=server.port, max_connections=1)
        make_messages(1)
        first, second = Sender(ctx.config), Sender(ctx.config)
        first.start()
        server.wait_for(lambda: len(server.mails) == 1)
        take = second.take_slot
        monkeypatch.setattr(second, "take_slot", lambda account: asked.append(account) or take(account))
        make_messages(1)
        second.start()
        try:
            wait_until(lambda: asked, "the second to ask")
            for _ in range(50):
                second._look()
            assert len(asked) <= 2
            first.stop(grace=0.1)
            wait_until(lambda: len(server.mails) == 2, "the second to send what is left")
        finally:
            second.stop(grace=5)


def test_the_next_mail_is_offered_while_the_last_result_is_committed_and_sent_only_then(
    any_ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash can repeat one message of each connection, and no more."""
    may_commit, commit = threading.Event(), Settler._commit

    def slowly(settler: Settler, group: list[Handed]) -> None:
        assert may_commit.wait(20)
        commit(settler, group)

    monkeypatch.setattr(Settler, "_commit", slowly)
    with ScriptedSmtp() as server:
        make_account(port=server.port, max_connections=1)
        make_messages(3)
        with sending(any_ctx):
            server.wait_for(lambda: server.commands.count("DATA") == 2)
            assert (len(server.mails), _count("sent")) == (1, 0)
            may_commit.set()
            wait_until(lambda: _count("sent") == 3, "all of them to be sent")
        assert len(server.mails) == 3


def test_a_result_is_committed_while_the_server_takes_its_time_with_the_next_mail(any_ctx: Flask) -> None:
    """So that a bounce that comes at once finds a message that was sent."""
    with ScriptedSmtp(extensions=(), rcpt=[Ordinary(), Stall()]) as server:
        make_account(port=server.port, max_connections=1)
        numbers = make_messages(2)
        with sending(any_ctx):
            server.wait_for(lambda: sum(command.startswith("RCPT") for command in server.commands) == 2)
            wait_state(numbers[0], "sent")


def test_a_server_that_waited_long_for_the_data_gets_none(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be gone, and what is sent once at most would have an unknown outcome although nothing was sent."""
    commit, slow = Settler._commit, [0.5]

    def slowly(settler: Settler, group: list[Handed]) -> None:
        time.sleep(slow.pop() if slow else 0)
        commit(settler, group)

    monkeypatch.setattr(Settler, "_commit", slowly)
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", 0.2)
    with ScriptedSmtp() as server:
        make_account(port=server.port, max_connections=1)
        numbers = make_messages(2, at_most_once=True)
        with sending(ctx):
            for number in numbers:
                wait_state(number, "sent")
        assert server.connections == 2
    assert [len(attempts(number)) for number in numbers] == [1, 1]


@pytest.mark.parametrize("times", [1, 2])
def test_claims_go_back_also_when_the_database_was_away_for_a_moment(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    failing = ["circuit.opened", "claims.release"][:times]
    for place in failing:
        module, name = place.split(".")
        original = getattr(getattr(sender_module, module), name)
        tries: list[int] = []

        def fail_once(*given: object, original: Any = original, tries: list[int] = tries, **named: object) -> Any:
            tries.append(1)
            if len(tries) == 1:
                raise OperationalError("", {}, Exception("database is locked"))
            return original(*given, **named)

        monkeypatch.setattr(getattr(sender_module, module), name, fail_once)
    with ScriptedSmtp(greeting=[b"421 later", Ordinary()]) as server:
        make_account(port=server.port, max_connections=1)
        make_messages(3)
        with sending(ctx):
            wait_until(lambda: _count("sent") == 3, "all of them to be sent")


def test_an_account_that_was_put_right_meanwhile_is_not_left_alone(ctx: Flask) -> None:
    with ScriptedSmtp(greeting=[Then((lambda _: _put_right(ctx), b"554 not you")), Ordinary()]) as server:
        make_account(port=server.port, max_connections=1)
        [number] = make_messages(1)
        with sending(ctx):
            wait_state(number, "sent")


def _put_right(app: Flask) -> None:
    with app.app_context(), write() as session:
        session.execute(update(SmtpAccount).values(version=SmtpAccount.version + 1))


def test_limit_per_minute_holds(ctx: Flask) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port, max_per_minute=5)
        make_messages(12)
        for _ in range(2):
            sender = Sender(ctx.config)
            sender.drain()
            sender.stop()
        assert len(server.mails) == 5
    assert (_count("sent"), _count("queued")) == (5, 7)


def test_fallback_takes_over_from_a_dead_account(ctx: Flask) -> None:
    with ScriptedSmtp() as server:
        spare = make_account("Spare", port=server.port, sender_email="spare@corp.example")
        main = make_account("Main", port=free_port(), is_default=False, fallback_id=spare)
        [number] = make_messages(account_id=main)
        with sending(ctx):
            wait_state(number, "sent")
        assert server.mails[0].sender == "spare@corp.example"
    assert attempts(number)[0].account_id == spare
    assert health(main) is not None


def test_disabled_account_waits_until_it_is_enabled(ctx: Flask) -> None:
    with ScriptedSmtp() as server:
        make_account("Other", port=server.port)
        off = make_account("Off", port=server.port, is_default=False, enabled=False)
        [waiting] = make_messages(account_id=off)
        [marker] = make_messages()
        with sending(ctx) as sender:
            wait_state(marker, "sent")
            assert message(waiting).state == "queued"
            with write() as session:
                session.execute(update(SmtpAccount).where(SmtpAccount.id == off).values(enabled=True))
            sender.wake()
            wait_state(waiting, "sent")


def test_a_busy_server_gets_fewer_connections_and_all_mail(ctx: Flask) -> None:
    with ScriptedSmtp(greeting=[None, None, b"421 4.7.0 too many connections"]) as server:
        account = make_account(port=server.port, max_connections=4)
        make_messages(60)
        with sending(ctx):
            wait_until(lambda: _count("sent") == 60, "60 sent messages")
        assert health(account) is None
        assert len(server.mails) == 60


def test_high_priority_goes_first(ctx: Flask) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port, max_connections=1)
        make_messages(5, priority=0)
        make_messages(1, priority=2, recipient="urgent@corp.example")
        sender = Sender(ctx.config)
        sender.drain()
        sender.stop()
        assert server.mails[0].recipients == ["urgent@corp.example"]


def test_a_lost_lease_ends_what_it_covered_and_begins_anew(ctx: Flask) -> None:
    """The process slept longer than its lease: another freed its work, and it must not settle any of it."""
    with ScriptedSmtp(dot=[Stall(), None]) as server:
        make_account(port=server.port)
        [number] = make_messages()
        with sending(ctx) as sender:
            server.wait_for(lambda: len(server.mails) == 1)
            before = message(number).claim_token
            with write() as session:
                session.execute(update(Lease).values(until=0.0))
            assert upkeep.free_claims() == 1
            sender.beat()
            wait_state(number, "sent")
            assert before is not None
            assert [attempt.outcome for attempt in attempts(number)] == ["accepted"]
            lives = db.session.scalars(select(Lease.name).where(Lease.name.like("node:%"), leases.is_live())).all()
            assert f"node:{before}" not in lives


def test_stop_gives_back_what_was_not_begun(ctx: Flask) -> None:
    with ScriptedSmtp(dot=[None, Stall()]) as server:
        make_account(port=server.port, max_connections=2)
        make_messages(50)
        with sending(ctx):
            server.wait_for(lambda: len(server.mails) >= 3)
    assert _count("sending") == 0
    assert db.session.scalar(select(func.count(Lease.name))) == 0
    assert _count("sent") + _count("queued") == 50


def test_woken_at_once(ctx: Flask) -> None:
    """A message does not wait for the sender's own look at the queue."""
    with ScriptedSmtp() as server:
        make_account(port=server.port)
        with sending(ctx):
            make_messages()
            server.wait_for(lambda: len(server.mails) == 1)
            for _ in range(5):
                seen = len(server.mails)
                make_messages()
                server.wait_for(lambda seen=seen: len(server.mails) == seen + 1, 0.9)
