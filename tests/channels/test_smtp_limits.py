"""Limits that a server announces, and answers that no server may give: bounded, classified, no crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.peers.smtp_script import Raw, ScriptedSmtp
from webapp.channels.base import AccountTrouble, Outcome, Stage, TroubleKind
from webapp.channels.smtp import SmtpConnection

Make = Callable[..., SmtpConnection]


@pytest.mark.parametrize(
    ("offered", "limit"),
    [
        ("SIZE 1000", 1000),
        ("SIZE 0", None),
        ("SIZE", None),
        ("SIZE huge", None),
        ("SIZE " + "9" * 5000, None),
    ],
)
def test_the_size_limit_is_what_the_server_announces(opened: Make, offered: str, limit: int | None) -> None:
    with ScriptedSmtp(extensions=("PIPELINING", offered)) as server:
        connection = opened(server)
        assert connection.max_size == limit
        assert connection.envelope("a@x", "b@x", size=1000) is None
        assert server.saw("MAIL") == ["MAIL FROM:<a@x> SIZE=1000"]


def test_a_mail_above_the_limit_is_never_transmitted(opened: Make) -> None:
    with ScriptedSmtp(extensions=("PIPELINING", "SIZE 1000")) as server:
        connection = opened(server)
        result = connection.envelope("a@x", "b@x", size=1001)
        assert result is not None
        assert (result.outcome, result.stage, result.enhanced) == (Outcome.PERMANENT, Stage.MAIL, "5.3.4")
        assert "1001" in result.words
        assert server.saw("MAIL") == []
        assert connection.healthy
        assert connection.envelope("a@x", "b@x", size=1000) is None


def test_aiosmtpd_refuses_a_size_that_it_announced(opened: Make) -> None:
    with AiosmtpdServer(data_size_limit=1000) as server:
        connection = opened(server)
        assert connection.max_size == 1000
        assert connection.envelope("a@x", "b@x", size=900) is None
        result = connection.finish(b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 200)
        assert (result.outcome, result.stage, result.code) == (Outcome.PERMANENT, Stage.DOT, 552)
        assert server.mails == []


def test_without_smtputf8_only_the_address_that_needs_it_fails(opened: Make) -> None:
    with AiosmtpdServer(enable_SMTPUTF8=False) as server:
        connection = opened(server)
        result = connection.envelope("a@x", "josé@x", size=10)
        assert result is not None
        assert (result.outcome, result.enhanced) == (Outcome.PERMANENT, "5.6.7")
        assert "SMTPUTF8" in result.words
        assert connection.envelope("a@x", "ana@bücher.local", size=10) is None
        assert connection.finish(b"x\r\n").outcome is Outcome.ACCEPTED


def test_a_mail_with_utf8_headers_asks_for_smtputf8(opened: Make) -> None:
    with ScriptedSmtp(extensions=("SMTPUTF8", "8BITMIME")) as server:
        assert opened(server).envelope("a@x", "b@x", size=10, smtputf8=True) is None
        assert server.saw("MAIL") == ["MAIL FROM:<a@x> BODY=8BITMIME SMTPUTF8"]
    with ScriptedSmtp() as server:
        result = opened(server).envelope("a@x", "b@x", size=10, smtputf8=True)
        assert result is not None
        assert result.outcome is Outcome.PERMANENT


def open_and_offer(connection: SmtpConnection) -> None:
    connection.open()
    connection.envelope("a@x", "b@x", size=10)


HOSTILE = {
    "no code": b"hello",
    "half a code": b"25",
    "letters in the code": b"25a ok",
    "a code out of range": b"999 ok",
    "no space": b"2500 ok",
    "binary": bytes(range(128, 256)),
    "an endless line": Raw(b"250 " + b"x" * 10_000_000),
    "a line of 9 kB": b"250 " + b"x" * 9000,
    "a thousand lines": Raw(b"250-more\r\n" * 1000),
    "ten megabytes of lines": Raw((b"250-" + b"x" * 8000 + b"\r\n") * 1250),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("stage", ["greeting", "ehlo", "mail", "rcpt", "data"])
@pytest.mark.parametrize("record", [True, False], ids=["recorded", "fast"])
def test_what_is_no_reply_is_trouble_with_the_protocol(connection: Make, stage: str, answer: Any, record: bool) -> None:
    with ScriptedSmtp(**{stage: answer}) as server:
        made = connection(server, record=record)
        with pytest.raises(AccountTrouble) as caught:
            open_and_offer(made)
        assert (caught.value.kind, caught.value.stage) == (TroubleKind.PROTOCOL, stage)
        assert len(caught.value.words) <= 500
        assert caught.value.words.isprintable()
        assert not made.healthy
        assert server.mails == []


@pytest.mark.parametrize(
    ("stage", "answer"),
    [("mail", b"354 go"), ("rcpt", b"354 go"), ("data", b"250 ok"), ("data", b"250-a\r\n250 b")],
)
def test_a_reply_that_has_no_place_there_is_trouble_with_the_protocol(opened: Make, stage: str, answer: bytes) -> None:
    with ScriptedSmtp(**{stage: answer}) as server:
        connection = opened(server)
        with pytest.raises(AccountTrouble) as caught:
            connection.envelope("a@x", "b@x", size=10)
        assert (caught.value.kind, caught.value.stage) == (TroubleKind.PROTOCOL, stage)
        assert not connection.healthy


@pytest.mark.parametrize("record", [True, False])
def test_an_answer_given_before_the_mail_was_sent_is_not_believed(opened: Make, record: bool) -> None:
    with ScriptedSmtp(data=Raw(b"354 go\r\n250 2.0.0 Ok: queued\r\n")) as server:
        connection = opened(server, record=record)
        with pytest.raises(AccountTrouble) as caught:
            connection.envelope("a@x", "b@x", size=10)
        assert caught.value.kind is TroubleKind.PROTOCOL
        assert server.mails == []


def test_a_server_that_says_more_than_it_was_asked_is_not_used_again(opened: Make) -> None:
    with ScriptedSmtp(dot=Raw(b"250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n")) as server:
        connection = opened(server)
        assert connection.envelope("a@x", "b@x", size=10) is None
        assert connection.finish(b"x\r\n").outcome is Outcome.ACCEPTED
        assert not connection.healthy


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"250 gr\xfc\xdfe", "grüße"),
        ("250 ação".encode(), "ação"),
        (b"250", ""),
        (b"250 \x1b[31mred\x07", r"\x1b[31mred\x07"),
        (b"250-2.0.0 first\r\n250 2.0.0 second", "first second"),
        (b"250 5.0.0 contradiction", "5.0.0 contradiction"),
        (Raw(b"250 bare line feed\n"), "bare line feed"),
        (Raw(b"250 o\xc3\xa9 in pieces\r\n", piece=1), "oé in pieces"),
        (b"250 " + b"y" * 3000, "y" * 499 + "…"),
    ],
)
@pytest.mark.parametrize("record", [True, False])
def test_words_are_readable_whatever_the_server_writes(opened: Make, answer: Any, words: str, record: bool) -> None:
    with ScriptedSmtp(dot=answer) as server:
        connection = opened(server, record=record)
        assert connection.envelope("a@x", "b@x", size=10) is None
        result = connection.finish(b"x\r\n")
        assert (result.outcome, result.words) == (Outcome.ACCEPTED, words)
