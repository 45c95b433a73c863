"""The whole loop: a mail leaves, is caught, is answered, and the answer is read and has its effect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories import make_messages
from tests.peers import wait_until
from tests.reading import reading
from tests.services.sandbox.conftest import account, deliver, inbox, mails
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.extensions import db
from webapp.models import AuditEntry, InboundMessage, Message, SmtpAccount, TimelineEntry
from webapp.services import configuration
from webapp.services.inbox import accounts as inbox_accounts
from webapp.services.inbox import due
from webapp.services.sandbox import answering
from webapp.services.sandbox.server import SandboxServer
from webapp.services.sender import Sender
from webapp.services.unit import write


@pytest.fixture
def instance(any_ctx: Flask, server: SandboxServer) -> Iterator[None]:
    """What sends and what reads."""
    any_ctx.config["ARAUTO_SANDBOX"] = True
    sender = Sender(any_ctx.config)
    sender.start()
    with reading(any_ctx):
        yield
    sender.stop(grace=5)


EFFECTS = [
    ("reply", "sent", "reply", "in_reply"),
    ("away", "sent", "automatic", "in_automatic"),
    ("full", "sent", "soft_bounce", "in_soft_bounce"),
    ("delayed", "sent", "noted", "in_noted"),
    ("delivered", "delivered", "delivered", "in_delivered"),
    ("read", "read", "read", "in_read"),
    ("bounced", "bounced", "bounced", "in_bounced"),
]


def test_every_answer_has_its_effect_on_the_message(instance: None) -> None:
    configuration.save("smtp_accounts", {"send_read_receipt": True}, account().id)
    numbers = make_messages(len(EFFECTS), account_id=account().id)
    wait_until(lambda: len(mails()) == len(EFFECTS), "the mails in the sandbox")
    by_message_id = {mail.message_id: mail.id for mail in mails()}
    for number, (kind, *_) in zip(numbers, EFFECTS, strict=True):
        message_id = db.session.scalars(select(Message.message_id).where(Message.id == number)).one()
        answering.answer(by_message_id[message_id], kind, "Seen, thank you.")
    wait_until(lambda: len(processed()) == len(EFFECTS), "the answers to be understood")
    deeds = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "answered")).all()
    assert [deed.changes["kind"] for deed in deeds] == [[None, kind] for kind, *_ in EFFECTS]
    for number, (kind, state, effect, entry) in zip(numbers, EFFECTS, strict=True):
        message = db.session.get_one(Message, number, populate_existing=True)
        inbound = db.session.scalars(select(InboundMessage).where(InboundMessage.answers_id == number)).one()
        told = db.session.scalars(select(TimelineEntry.kind).where(TimelineEntry.message_id == number)).all()
        assert (message.state, inbound.effect, entry in told) == (state, effect, True), kind
    text = db.session.scalars(select(InboundMessage.detail).where(InboundMessage.effect == "reply")).one()["text"]
    assert text == "Seen, thank you."


def test_without_the_sandbox_its_mailbox_is_not_read_so_nobody_is_alarmed(
    any_ctx: Flask, server: SandboxServer
) -> None:
    number = inbox().id
    assert (due.numbers(db.session()), due.revisions(db.session())) == ([], {})
    assert inbox_accounts.enabled(db.session()) == {}
    any_ctx.config["ARAUTO_SANDBOX"] = True
    assert due.numbers(db.session()) == [number]
    assert list(due.revisions(db.session())) == [number]


def processed() -> list[InboundMessage]:
    db.session.rollback()
    return list(db.session.scalars(select(InboundMessage).where(InboundMessage.state == "processed")))


def refusal(number: int, kind: str, words: str = "x") -> tuple[str, str]:
    with pytest.raises(InvalidInput) as refused:
        answering.answer(number, kind, words)
    [problem] = refused.value.problems
    return problem.path, problem.words


def test_what_cannot_be_answered_is_refused_by_field(server: SandboxServer) -> None:
    deliver(b"From: a@corp.example\r\n\r\nx\r\n", "", "ana@corp.example")
    [mail] = mails()
    assert refusal(mail.id, "nonsense")[0] == "kind"
    assert refusal(mail.id, "bounced")[1].startswith("The mail has no return path")
    assert refusal(mail.id, "read")[1].startswith("The mail asks for no read receipt")
    assert refusal(mail.id, "reply", " ")[0] == "words"
    assert refusal(mail.id, "reply", "x" * 30_000)[0] == "words"
    with pytest.raises(NotFound):
        answering.answer(mail.id + 1, "reply", "x")
    deliver(b"Subject: from nobody\r\n\r\nx\r\n")
    assert refusal(mails()[-1].id, "reply")[1].startswith("The mail names no address")
    assert len(mails()) == 2


def test_it_says_whether_the_answer_is_going_to_be_read(server: SandboxServer) -> None:
    deliver(b"From: arauto@sandbox.local\r\n\r\nx\r\n")
    deliver(b"From: arauto@sandbox.local\r\nReply-To: help@corp.example\r\n\r\nx\r\n")
    ours, elsewhere = (mail.id for mail in mails())
    assert answering.answer(ours, "reply", "x")
    assert not answering.answer(elsewhere, "reply", "x")
    configuration.save("inbox_accounts", {"automatic_check": False}, inbox().id)
    assert not answering.answer(ours, "reply", "x")


def test_without_the_server_there_is_no_answer(server: SandboxServer) -> None:
    deliver(b"From: a@corp.example\r\n\r\nx\r\n")
    number = mails()[0].id
    server.stop()
    with pytest.raises(Conflict, match="arauto serve --sandbox"):
        answering.answer(number, "reply", "x")
    with write() as session:
        session.scalars(select(SmtpAccount)).one().host = "mail.corp.example"
    with pytest.raises(Conflict, match="arauto serve --sandbox"):
        answering.answer(number, "reply", "x")
    assert len(mails()) == 1
