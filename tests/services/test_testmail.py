"""Send test mail: one try, the dialogue as it happens, and what the outbox and the account know afterwards."""

from __future__ import annotations

import base64
import threading

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.factories import make_account
from tests.peers import free_port
from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.peers.smtp_script import Drop, ScriptedSmtp
from tests.probes import beside
from webapp.channels.base import Line, Outcome, Stage, TroubleKind
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.extensions import db
from webapp.models import AccountHealth, Attempt, AuditEntry, Credential, Lease, Message, SmtpAccount, SuppressedAddress
from webapp.services import claims, leases, testmail
from webapp.services.accounts import secret_place
from webapp.services.unit import write
from webapp.services.vault import seal


def outcome() -> tuple[str, str, str, str, int | None]:
    """State and reason of the only message, and outcome, stage and code of its only attempt."""
    db.session.rollback()
    message = db.session.scalars(select(Message)).one()
    attempt = db.session.scalars(select(Attempt)).one()
    return message.state, message.reason, attempt.outcome, attempt.stage, attempt.code


def nothing_held() -> bool:
    db.session.rollback()
    claimed = db.session.scalars(select(Message).where(Message.claim_token.is_not(None))).all()
    return not claimed and not db.session.scalars(select(Lease)).all()


def test_it_is_sent_and_stands_in_the_outbox(any_ctx: Flask) -> None:
    lines: list[Line] = []
    with ScriptedSmtp() as server:
        make_account(port=server.port)
        report = testmail.send("Relay", "b@corp.example", "A subject", "A body", on_line=lines.append)

    assert (report.accepted, report.trouble, report.result.code) == (True, None, 250)
    assert outcome() == ("sent", "", "accepted", "dot", 250)
    [noted] = db.session.scalars(select(AuditEntry)).all()
    assert (noted.action, noted.noun, noted.name) == ("tested", "smtp_accounts", "Relay")
    assert noted.changes == {"to": [None, "b@corp.example"], "message": [None, report.message_id]}
    [mail] = server.mails
    assert "b@corp.example" in mail.recipients[0]
    assert b"Subject: A subject" in mail.data
    assert nothing_held()
    said = [(line.who, line.text.split()[0]) for line in lines]
    assert said[1] == ("server", "220")
    assert ("client", "EHLO") in said
    assert said.index(("client", ".")) < said.index(("client", "QUIT"))


def test_the_dialogue_comes_while_it_happens(ctx: Flask) -> None:
    greeted, go_on = threading.Event(), threading.Event()

    def on_line(line: Line) -> None:
        if line.text.startswith("220"):
            greeted.set()
            assert go_on.wait(10)

    with ScriptedSmtp() as server:
        make_account(port=server.port)
        with beside(ctx, lambda: testmail.send("Relay", "b@corp.example", on_line=on_line)):
            assert greeted.wait(10)
            assert server.mails == []
            db.session.rollback()
            assert db.session.scalars(select(Message.state)).all() == ["sending"]
            go_on.set()
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("stage", "answer", "expected"),
    [
        ("rcpt", b"550 5.1.1 nobody", ("failed", "refused", "permanent", "rcpt", 550)),
        ("rcpt", b"450 4.2.0 greylisted", ("failed", "refused", "temporary", "rcpt", 450)),
        ("dot", Drop(), ("unknown", "unanswered", "uncertain", "dot", None)),
    ],
    ids=["for good", "for now", "unanswered"],
)
def test_it_is_tried_once_whatever_the_server_says(
    any_ctx: Flask, stage: str, answer: object, expected: tuple[str, str, str, str, int | None]
) -> None:
    with ScriptedSmtp(**{stage: answer}) as server:
        make_account(port=server.port)
        report = testmail.send("Relay", "b@corp.example")
    assert (report.accepted, report.trouble) == (False, None)
    assert outcome() == expected
    assert nothing_held()
    assert db.session.scalars(select(AccountHealth)).all() == []


def test_trouble_with_the_account_is_told_and_noted(any_ctx: Flask) -> None:
    make_account(port=free_port())
    report = testmail.send("Relay", "b@corp.example")
    assert (report.accepted, report.trouble, report.result.stage) == (False, TroubleKind.UNREACHABLE, Stage.CONNECT)
    assert report.result.outcome is Outcome.TEMPORARY
    assert outcome() == ("failed", "refused", "temporary", "connect", None)
    assert [health.kind for health in db.session.scalars(select(AccountHealth))] == ["unreachable"]
    assert nothing_held()


def test_a_test_that_works_ends_the_waiting_for_the_account(any_ctx: Flask) -> None:
    account_id = make_account(port=free_port())
    testmail.send("Relay", "b@corp.example")
    with ScriptedSmtp() as server:
        with write() as session:
            session.execute(update(SmtpAccount).values(port=server.port))
        assert testmail.send("Relay", "b@corp.example").accepted
    db.session.rollback()
    assert db.session.get(AccountHealth, account_id) is None


def test_a_disabled_account_can_be_tested(ctx: Flask) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port, enabled=False, is_default=False)
        assert testmail.send("Relay", "b@corp.example").accepted


def test_no_secret_is_in_the_dialogue(ctx: Flask) -> None:
    with write() as session:
        credential = Credential(name="relay", username="app-user")
        session.add(credential)
        session.flush()
        credential.sealed_secret = seal("canary-secret", secret_place(credential.id))
        credential_id = credential.id
    lines: list[Line] = []
    with AiosmtpdServer(users={"app-user": "another-secret"}) as server:
        make_account(port=server.port, authenticate=True, credential_id=credential_id)
        report = testmail.send("Relay", "b@corp.example", on_line=lines.append)
    assert (report.trouble, report.result.code) == (TroubleKind.AUTH, 535)
    told = "\n".join(line.text for line in lines)
    assert "***" in told
    for secret in (b"canary-secret", b"\0app-user\0canary-secret"):
        assert secret.decode() not in told
        assert base64.b64encode(secret).decode() not in told


def test_the_connections_of_the_account_are_counted(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testmail, "PATIENCE_SECONDS", 0.0)
    account_id = make_account(port=free_port(), max_connections=1)
    with write() as session:
        assert leases.acquire(session.connection(), f"smtp:{account_id}:0", 7)
    with pytest.raises(Conflict, match="All connections of Relay are in use"):
        testmail.send("Relay", "b@corp.example")
    assert db.session.scalars(select(Message)).all() == []


def test_a_sleep_longer_than_the_lease_sends_nothing(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.services.errand.Errand.alive", property(lambda self: False))
    with ScriptedSmtp() as server:
        make_account(port=server.port)
        report = testmail.send("Relay", "b@corp.example")
    assert not report.accepted
    assert server.mails == []
    assert outcome()[0] == "failed"


def test_an_address_that_bounced_is_lifted_first(any_ctx: Flask) -> None:
    make_account()
    with write() as session:
        session.add(SuppressedAddress(address="b@corp.example"))
    with pytest.raises(Conflict, match="Lift that first"):
        testmail.send("Relay", "b@corp.example", "A subject", "A body")
    assert db.session.scalars(select(Message)).all() == []
    assert nothing_held()


def test_an_unknown_account_and_wrong_fields_are_named(ctx: Flask) -> None:
    make_account()
    with pytest.raises(NotFound, match=r"There is no SMTP account 'Other'\. Known: Relay\."):
        testmail.send("Other", "b@corp.example")
    with pytest.raises(InvalidInput) as refused:
        testmail.send("Relay", "not an address", "two\nlines", "")
    assert [problem.path for problem in refused.value.problems] == ["subject", "body", "to"]
    assert db.session.scalars(select(Message)).all() == []


def test_a_process_that_dies_before_the_dot_leaves_it_to_the_senders(ctx: Flask) -> None:
    """The claim is one like every other: the reaper frees it when the lease is over."""
    make_account()
    account = testmail._account(db.engine, "Relay")
    claimed = testmail._enqueue(account, "b@corp.example", testmail.Words("s", "b"), token=7)
    with write() as session:
        assert claims.reap(session.connection(), claimed.created_at) == 1
    db.session.rollback()
    assert db.session.scalars(select(Message.state)).all() == ["queued"]
