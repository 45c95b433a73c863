"""`arauto send-test`."""

from __future__ import annotations

from flask import Flask

from tests.cli.conftest import Arauto
from tests.factories import make_account
from tests.peers import free_port
from tests.peers.smtp_script import ScriptedSmtp


def test_it_prints_the_dialogue_and_where_the_mail_is(arauto: Arauto, ctx: Flask) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port)
        ended = arauto("send-test", "Relay", "--to", "b@corp.example", "--subject", "Ping", "--body", "Pong")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert "S: 220 scripted.example ESMTP" in lines
    assert any(line.startswith("C: MAIL FROM:<arauto@corp.example>") for line in lines)
    assert lines[-1] == "The server of Relay took the mail. It is message 1 of the outbox."
    assert b"Subject: Ping" in server.mails[0].data
    assert b"Pong" in server.mails[0].data


def test_a_refusal_gives_the_words_of_the_server_and_what_to_try(arauto: Arauto, ctx: Flask) -> None:
    with ScriptedSmtp(rcpt=b"550 5.1.1 nobody of that name") as server:
        make_account(port=server.port)
        ended = arauto("send-test", "Relay", "--to", "b@corp.example")
    assert ended.code == 1
    first, second = ended.err.splitlines()
    assert first.startswith("The test mail was not accepted. Recipient (RCPT TO): 550")
    assert "nobody of that name" in first
    assert second.startswith("The server refused this mail for good.")
    assert "S: 550 5.1.1 nobody of that name" in ended.out


def test_a_server_that_is_not_there_gives_what_to_check(arauto: Arauto, ctx: Flask) -> None:
    make_account(port=free_port())
    ended = arauto("send-test", "Relay", "--to", "b@corp.example")
    assert ended.code == 1
    assert "Connection refused" in ended.err
    assert ended.err.splitlines()[-1].startswith("Check the account's host and port")


def test_an_unknown_account_is_told_with_the_known_ones(arauto: Arauto, ctx: Flask) -> None:
    make_account()
    ended = arauto("send-test", "Other", "--to", "b@corp.example")
    assert (ended.code, ended.err) == (1, "There is no SMTP account 'Other'. Known: Relay.\n")
