"""The sandbox mail server, spoken to as mail programs do."""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from tests.factories import make_account, make_messages
from tests.peers import free_port, listening, wait_until
from tests.services.sandbox.conftest import account, client, deliver, inbox, mails
from webapp.extensions import db
from webapp.mailboxes.imap import ImapMailbox
from webapp.models import InboxAccount, SmtpAccount
from webapp.services import configuration
from webapp.services.sandbox import accounts as sandbox
from webapp.services.sandbox import server as server_module
from webapp.services.sandbox.server import SandboxServer
from webapp.services.sandbox.smtp import subject_of
from webapp.services.sender import Sender
from webapp.services.unit import write


def test_it_keeps_a_mail_as_it_came_with_its_envelope(server: SandboxServer) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Água às três"
    mail.set_content("Olá\n.\n..dots\n")
    raw = mail.as_bytes().replace(b"\n", b"\r\n")

    deliver(raw, "a@corp.example", "b@corp.example", "c@corp.example")

    [kept] = mails()
    assert (kept.sender, kept.recipients) == ("a@corp.example", ["b@corp.example", "c@corp.example"])
    assert (kept.subject, kept.raw) == ("Água às três", raw)


def test_the_answer_comes_after_the_commit(server: SandboxServer) -> None:
    with client() as smtp:
        for number in range(20):
            smtp.sendmail("a@corp.example", ["b@corp.example"], b"Subject: %d\r\n\r\nx\r\n" % number)
            assert len(mails()) == number + 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no header at all\r\n",
        b"Subject: \x00\xff\xfe \r\n\r\n\x00\x00\r\n",
        b"Subject: =?utf-8?q?a=00=0d=0aBcc=3a_evil=40x?=\r\n\r\nx\r\n",
        b"Subject: =?no-such-charset?b?////?= =?utf-8?b?%%%?=\r\n\r\nx\r\n",
        b"Subject: " + b"=?utf-8?q?a?= " * 5000 + b"\r\n\r\nx\r\n",
        b"x" * 100_000 + b"\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n" * 1000,
        b"Subject: " + "ç€".encode() + b"\r\n\r\nraw utf-8\r\n",
    ],
    ids=range(10),
)
def test_a_broken_mail_is_kept_too(server: SandboxServer, raw: bytes) -> None:
    with client() as smtp:
        assert smtp.sendmail("", ["b@corp.example"], raw) == {}
        assert smtp.noop()[0] == 250

    [kept] = mails()
    assert kept.raw.rstrip() == raw.rstrip()
    assert kept.subject.isprintable()


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"From: a\r\nSubject: plain\r\n\r\nSubject: not this\r\n", "plain"),
        (b"Subject: folded\r\n over two\r\n\tlines\r\n\r\n", "folded over two lines"),
        (b"subject:=?iso-8859-1?q?S=E3o_Paulo?=\r\n\r\n", "São Paulo"),
        (b"Subject: =?utf-8?q?b=0d=0ac?=\n\n", "b c"),
        (b"X: y\r\n\r\nSubject: body\r\n", ""),
    ],
)
def test_the_subject_is_shown_decoded_on_one_line(raw: bytes, subject: str) -> None:
    assert subject_of(raw) == subject


def test_addresses_beyond_ascii_and_a_large_mail(server: SandboxServer) -> None:
    with client() as smtp:
        smtp.ehlo()
        assert smtp.has_extn("smtputf8")
        assert smtp.has_extn("8bitmime")
        assert int(smtp.esmtp_features["size"]) == 32 * 1024 * 1024
        raw = b"Subject: big\r\n\r\n" + (b"x" * 998 + b"\r\n") * 3000
        smtp.sendmail("ã@corp.example", ["ü@corp.example"], raw, mail_options=["SMTPUTF8"])

    [kept] = mails()
    assert (kept.sender, kept.recipients, len(kept.raw)) == ("ã@corp.example", ["ü@corp.example"], len(raw))


def test_a_mail_that_cannot_be_kept_is_refused_for_now(server: SandboxServer) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("the disk is full")

    event.listen(server._engine, "before_cursor_execute", refuse)
    with client() as smtp, pytest.raises(smtplib.SMTPDataError) as raised:
        smtp.sendmail("a@corp.example", ["b@corp.example"], b"Subject: x\r\n\r\nx\r\n")

    assert raised.value.smtp_code == 451
    event.remove(server._engine, "before_cursor_execute", refuse)
    deliver(b"Subject: again\r\n\r\nx\r\n")
    assert [mail.subject for mail in mails()] == ["again"]


def test_the_account_is_made_as_the_default_where_there_is_none(server: SandboxServer) -> None:
    made = account()
    assert (made.host, made.enabled, made.is_default, made.sender_email) == (
        "127.0.0.1",
        True,
        True,
        "arauto@sandbox.local",
    )
    assert listening(made.port)
    assert listening(inbox().settings.port)
    assert sandbox.is_default(db.session())
    version = made.version
    server.ensure()
    assert account().version == version


def test_another_default_account_stays_the_default(any_ctx: Flask) -> None:
    make_account("Relay")
    server = SandboxServer(any_ctx)
    server.ensure()
    try:
        assert db.session.scalars(select(SmtpAccount.name)).all() == ["Relay"]
        assert db.session.scalars(select(InboxAccount.name)).all() == []
        assert not sandbox.is_default(db.session())
    finally:
        server.stop()


def test_it_becomes_the_default_again_when_the_other_one_goes(server: SandboxServer) -> None:
    with write() as session:
        account().is_default = False
        session.flush()
        session.add(SmtpAccount(name="Relay", sender_email="a@b.c", host="127.0.0.1", port=25, is_default=True))
    server.ensure()
    assert not account().is_default
    with write() as session:
        session.delete(session.scalars(select(SmtpAccount).where(SmtpAccount.name == "Relay")).one())

    server.ensure()

    assert account().is_default


def test_the_inbox_account_is_made_where_there_is_none(server: SandboxServer) -> None:
    made = inbox()
    assert (made.settings.protocol, made.settings.username, made.keep_copy) == ("imap", "arauto@sandbox.local", True)
    number, revision = made.id, made.revision
    server.ensure()
    assert (inbox().id, inbox().revision) == (number, revision)


def test_a_credential_of_its_name_for_something_else_is_left_alone(any_ctx: Flask) -> None:
    secret = {"value": "not for the sandbox"}
    configuration.save("credentials", {"name": "Sandbox", "username": "real-user", "secret": secret})
    server = SandboxServer(any_ctx)
    server.ensure()
    try:
        made = inbox()
        assert made.settings.username == "arauto@sandbox.local"
        assert made.settings.secret != "not for the sandbox"
        with ImapMailbox(made.settings) as mailbox:
            assert mailbox.count() == 0
    finally:
        server.stop()


def test_another_inbox_account_is_left_alone_and_none_is_made(any_ctx: Flask) -> None:
    with write() as session:
        session.add(InboxAccount(name="Replies", host="127.0.0.1", port=143))
    server = SandboxServer(any_ctx)
    server.ensure()
    try:
        assert db.session.execute(select(InboxAccount.name, InboxAccount.port)).all() == [("Replies", 143)]
    finally:
        server.stop()


@pytest.mark.parametrize("is_default", [True, False])
def test_an_account_of_its_name_on_another_host_is_somebody_elses(
    any_ctx: Flask, is_default: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is done about it, not even once a second."""
    make_account("Sandbox", host="mail.corp.example", port=25, is_default=is_default)
    monkeypatch.setattr(sandbox, "see_to", lambda *_: pytest.fail("there is nothing to do"))
    server = SandboxServer(any_ctx)
    server.ensure()
    try:
        assert (account().host, account().port) == ("mail.corp.example", 25)
        assert db.session.scalars(select(InboxAccount.name)).all() == []
    finally:
        server.stop()


def test_messages_accepted_before_there_was_an_account_reach_it(any_ctx: Flask) -> None:
    make_messages(3)
    server, sender = SandboxServer(any_ctx), Sender(any_ctx.config)
    server.ensure()
    sender.start()
    try:
        wait_until(lambda: len(mails()) == 3, "three mails in the sandbox")
    finally:
        sender.stop(grace=5)
        server.stop()


def test_only_one_process_listens_and_another_takes_over_on_the_same_port(any_ctx: Flask) -> None:
    first, second = SandboxServer(any_ctx), SandboxServer(any_ctx)
    first.ensure()
    second.ensure()
    assert (first.listening, second.listening) == (True, False)
    ports = account().port, inbox().settings.port

    first.stop()
    second.ensure()

    try:
        assert second.listening
        assert (account().port, inbox().settings.port) == ports
        deliver(b"Subject: after\r\n\r\nx\r\n")
        assert [mail.subject for mail in mails()] == ["after"]
    finally:
        second.stop()


ANOTHER_PROCESS = """
import sys, time
from webapp import create_core
from webapp.services.sandbox.server import SandboxServer

server = SandboxServer(create_core())
server.ensure()
print("listening" if server.listening else "waiting", flush=True)
sys.stdin.read()
"""


def test_when_the_process_that_listens_is_killed_another_takes_over(app: Flask) -> None:
    environ = {**os.environ, "ARAUTO_DATA_DIR": str(app.config["ARAUTO_DATA_DIR"])}
    command = [sys.executable, "-c", ANOTHER_PROCESS]
    server = SandboxServer(app)
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "listening\n"
        server.ensure()
        assert not server.listening
        other.kill()
    with app.app_context():
        port = account().port
        server.ensure()
        try:
            assert server.listening
            assert account().port == port
        finally:
            server.stop()


def test_a_taken_port_is_left_to_its_owner_and_the_account_follows(any_ctx: Flask) -> None:
    first = SandboxServer(any_ctx)
    first.ensure()
    first.stop()
    with server_module._bind(account().port) as owner:
        taken = owner.getsockname()[1]
        second = SandboxServer(any_ctx)
        second.ensure()
        try:
            assert account().port != taken
            deliver(b"Subject: elsewhere\r\n\r\nx\r\n")
        finally:
            second.stop()


def test_it_comes_up_later_when_it_could_not_listen_at_first(any_ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    bind, tries = server_module._bind, []

    def full(wanted: int | None) -> Any:
        tries.append(wanted)
        if len(tries) == 2:
            raise OSError("too many open files")
        return bind(wanted)

    monkeypatch.setattr(server_module, "_bind", full)
    server = SandboxServer(any_ctx)
    server.ensure()
    assert not server.listening
    server.ensure()
    try:
        assert server.listening
    finally:
        server.stop()


def test_a_database_in_trouble_does_not_end_the_process(any_ctx: Flask) -> None:
    with write() as session:
        session.execute(update(SmtpAccount).values(port=free_port()))
    server = SandboxServer(any_ctx)

    def refuse(*_: Any) -> None:
        raise OSError("gone")

    event.listen(db.engine, "before_cursor_execute", refuse)
    server.ensure()
    assert not server.listening
    event.remove(db.engine, "before_cursor_execute", refuse)
    server.ensure()
    assert server.listening
    server.stop()
