"""What the server says at each stage, and what becomes of the message (faults S1 to S13)."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.factories import make_account, make_messages
from tests.peers import free_port, wait_until
from tests.peers.smtp_script import Drop, ScriptedSmtp
from tests.services.sender.conftest import (
    attempts,
    health,
    make_due,
    message,
    skip_circuit,
    wait_state,
    wait_tried,
)
from webapp.services.sender import Sender

BUSY = b"451 4.3.0 come back later"
NO = b"550 5.7.1 not wanted here"


def test_accepted_mail_is_sent(sender: Sender) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port)
        [number] = make_messages()
        sent = wait_state(number, "sent")
        [attempt] = attempts(number)
    assert (attempt.outcome, attempt.stage, attempt.code, attempt.enhanced) == ("accepted", "dot", 250, "2.0.0")
    assert sent.attempts == 1
    assert sent.sent_at is not None
    assert sent.last_words == ""
    assert sent.message_id.encode() in server.mails[0].data


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
def test_temporary_refusal_defers_and_then_delivers_once(sender: Sender, stage: str) -> None:
    with ScriptedSmtp(**{stage: [BUSY, None]}) as server:
        make_account(port=server.port)
        [number] = make_messages()
        deferred = wait_tried(number)
        assert (deferred.state, deferred.attempts, deferred.last_stage, deferred.last_code) == ("queued", 1, stage, 451)
        assert "come back later" in deferred.last_words
        assert deferred.next_attempt_at is not None
        assert deferred.next_attempt_at > attempts(number)[0].started_at
        make_due(number)
        sender.wake()
        assert wait_state(number, "sent").attempts == 2
        accepted = [mail for mail in server.mails if mail.data]
    assert len(accepted) == (2 if stage == "dot" else 1)


@pytest.mark.parametrize("stage", ["rcpt", "data", "dot"])
def test_permanent_refusal_ends_the_message_with_the_servers_words(sender: Sender, stage: str) -> None:
    with ScriptedSmtp(**{stage: NO}) as server:
        make_account(port=server.port)
        [number] = make_messages()
        failed = wait_state(number, "failed")
    assert (failed.reason, failed.last_stage, failed.last_code) == ("refused", stage, 550)
    assert "not wanted here" in failed.last_words
    assert failed.next_attempt_at is None
    assert len(attempts(number)) == 1


def test_refused_sender_is_the_accounts_fault(sender: Sender) -> None:
    with ScriptedSmtp(mail=[NO, None]) as server:
        account = make_account(port=server.port)
        [number] = make_messages()
        _wait_trouble(account)
        assert wait_state(number, "queued").attempts == 0
        trouble = health(account)
        assert trouble is not None
        assert (trouble.kind, trouble.stage, trouble.code) == ("sender", "mail", 550)
        skip_circuit(account)
        sender.wake()
        wait_state(number, "sent")
        wait_until(lambda: health(account) is None, "the account to be well again")


def test_refused_connection_costs_no_attempt_and_no_other_account(sender: Sender) -> None:
    with ScriptedSmtp() as server:
        dead = make_account("Dead", port=free_port(), is_default=False)
        make_account("Alive", port=server.port)
        [stuck] = make_messages(account_id=dead)
        [fine] = make_messages()
        wait_state(fine, "sent")
        _wait_trouble(dead)
        assert wait_state(stuck, "queued").attempts == 0
    assert attempts(stuck) == []
    trouble = health(dead)
    assert trouble is not None
    assert (trouble.kind, trouble.stage) == ("unreachable", "connect")


@pytest.mark.parametrize("greeting", [b"421 4.3.2 closing", b"554 5.3.2 no service here"])
def test_refusing_greeting_costs_no_attempt(sender: Sender, greeting: bytes) -> None:
    with ScriptedSmtp(greeting=[greeting, None]) as server:
        account = make_account(port=server.port)
        [number] = make_messages()
        _wait_trouble(account)
        assert wait_state(number, "queued").attempts == 0
        skip_circuit(account)
        sender.wake()
        wait_state(number, "sent")
    assert attempts(number)[0].outcome == "accepted"


@pytest.mark.parametrize(("answer", "state"), [(b"550 5.1.1 unknown", "failed"), (b"450 4.2.0 greylisted", "queued")])
def test_one_bad_recipient_does_not_touch_the_others(sender: Sender, answer: bytes, state: str) -> None:
    with ScriptedSmtp(rcpt={"p1@": answer}) as server:
        make_account(port=server.port)
        numbers = make_messages(3)
        wait_tried(numbers[1])
        wait_state(numbers[0], "sent")
        wait_state(numbers[2], "sent")
        assert message(numbers[1]).state == state
        assert sorted(mail.recipients[0] for mail in server.mails if mail.data) == [
            "p0@corp.example",
            "p2@corp.example",
        ]


def test_421_at_the_second_recipient_loses_nobody(sender: Sender) -> None:
    with ScriptedSmtp(rcpt=[None, b"421 4.3.2 shutting down", None]) as server:
        make_account(port=server.port, max_connections=1)
        numbers = make_messages(3)
        for number in numbers:
            wait_tried(number)
        for number in numbers:
            make_due(number)
        sender.wake()
        for number in numbers:
            wait_state(number, "sent")
        assert sorted(mail.recipients[0] for mail in server.mails if mail.data) == [
            f"p{i}@corp.example" for i in range(3)
        ]


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_drop_before_the_dot_defers_without_doubt(sender: Sender, stage: str) -> None:
    with ScriptedSmtp(**{stage: [Drop(), None]}) as server:
        make_account(port=server.port)
        [number] = make_messages()
        deferred = wait_tried(number)
        assert (deferred.state, deferred.maybe_repeated) == ("queued", False)
        make_due(number)
        sender.wake()
        wait_state(number, "sent")
        assert len(server.mails) == 1


def test_drop_after_the_dot_repeats_with_the_same_message_id_and_says_so(sender: Sender) -> None:
    with ScriptedSmtp(dot=[Drop(), None]) as server:
        make_account(port=server.port)
        [number] = make_messages()
        doubtful = wait_tried(number)
        assert (doubtful.state, doubtful.maybe_repeated) == ("queued", True)
        assert attempts(number)[0].outcome == "uncertain"
        make_due(number)
        sender.wake()
        wait_state(number, "sent")
        first, second = (mail.data for mail in server.mails)
    assert doubtful.message_id.encode() in first
    assert doubtful.message_id.encode() in second


def test_at_most_once_is_not_repeated_blindly(sender: Sender) -> None:
    with ScriptedSmtp(dot=Drop()) as server:
        make_account(port=server.port)
        [number] = make_messages(at_most_once=True)
        assert wait_state(number, "unknown").reason == "unanswered"
        assert len(server.mails) == 1


def test_drop_at_quit_changes_nothing(ctx: Flask) -> None:
    with ScriptedSmtp(quit=Drop()) as server:
        make_account(port=server.port)
        [number] = make_messages()
        sender = Sender(ctx.config)
        sender.drain()
        sender.stop()
        assert server.saw("QUIT")
    assert message(number).state == "sent"


def test_unwritable_mail_fails_alone(sender: Sender) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port)
        [bad] = make_messages(recipient="not an address")
        [good] = make_messages()
        wait_state(good, "sent")
        failed = wait_state(bad, "failed")
    assert failed.last_stage == "compose"


def _wait_trouble(account: int) -> None:
    wait_until(lambda: health(account) is not None, "the account's trouble to be known")
