"""The ordinary road: mails that arrive, one after another, as they were given."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.peers.smtp_script import ScriptedSmtp
from tests.peers.smtp_sink import smtp_sink
from webapp.channels.base import Outcome, Stage
from webapp.channels.smtp import SmtpConnection

Make = Callable[..., SmtpConnection]
MAIL = b"Subject: hello\r\n\r\n.\r\nGood morning\r\n"


def deliver(connection: SmtpConnection, recipient: str = "ana@corp.example", data: bytes = MAIL):
    refusal = connection.envelope("bounces@corp.example", recipient, size=len(data))
    return refusal or connection.finish(data)


@pytest.mark.parametrize("record", [True, False])
def test_a_mail_arrives_as_it_was_given(opened: Make, record: bool) -> None:
    with AiosmtpdServer() as server:
        result = deliver(opened(server, record=record))
        assert (result.outcome, result.stage, result.code) == (Outcome.ACCEPTED, Stage.DOT, 250)
        assert (result.enhanced, result.words) == ("2.0.0", "OK kept")
        (mail,) = server.mails
    assert (mail.sender, mail.recipients, mail.tls) == ("bounces@corp.example", ("ana@corp.example",), False)
    assert mail.data == MAIL


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
def test_many_mails_share_one_connection(opened: Make, extensions: tuple[str, ...]) -> None:
    with ScriptedSmtp(extensions=extensions) as server:
        connection = opened(server, record=False)
        for number in range(20):
            assert deliver(connection, f"u{number}@x").outcome is Outcome.ACCEPTED
            assert connection.healthy
        assert connection.used == 20
        assert [mail.recipients for mail in server.mails] == [[f"u{number}@x"] for number in range(20)]
        assert server.connections == 1
        assert server.saw("RSET") == []


def test_smtp_sink_takes_what_we_send(opened: Make) -> None:
    with smtp_sink() as sink:
        connection = opened(sink)
        assert [deliver(connection).outcome for _ in range(50)] == [Outcome.ACCEPTED] * 50


def test_a_large_mail_crosses_in_pieces(opened: Make) -> None:
    data = MAIL + b"x" * 70 + b"\r\n" + b"0123456789\r\n" * 100_000
    with ScriptedSmtp() as server:
        assert deliver(opened(server), data=data).outcome is Outcome.ACCEPTED
        assert server.mails[0].data == data


def test_the_null_sender_is_an_empty_path(opened: Make) -> None:
    with ScriptedSmtp() as server:
        assert opened(server).envelope("", "ana@x", size=1) is None
        assert server.saw("MAIL") == ["MAIL FROM:<>"]


def test_the_greeting_name_is_ours_or_the_literal_of_our_address(connection: Make) -> None:
    with ScriptedSmtp() as server:
        for helo in ("herald.corp.example", "", "bad name\r\nMAIL"):
            connection(server, helo=helo).open()
        assert server.saw("EHLO") == ["EHLO herald.corp.example", "EHLO [127.0.0.1]", "EHLO [127.0.0.1]"]


def test_a_server_of_old_knows_only_helo(opened: Make) -> None:
    with ScriptedSmtp(ehlo=b"500 what") as server:
        assert deliver(opened(server)).outcome is Outcome.ACCEPTED
        assert server.saw("HELO") == ["HELO client.example"]


def test_an_abandoned_mail_is_not_delivered(opened: Make) -> None:
    with AiosmtpdServer() as server:
        connection = opened(server)
        assert connection.envelope("a@x", "b@x", size=10) is None
        assert not connection.healthy
        connection.abandon()
        assert not connection.healthy
        assert deliver(opened(server)).outcome is Outcome.ACCEPTED
        assert len(server.mails) == 1


def test_closing_says_quit(opened: Make) -> None:
    with ScriptedSmtp() as server:
        connection = opened(server)
        connection.close()
        connection.close()
        server.wait_for(lambda: server.saw("QUIT") == ["QUIT"])
        assert not connection.healthy


def test_closing_within_a_mail_says_nothing_that_could_end_it(opened: Make) -> None:
    with ScriptedSmtp() as server:
        connection = opened(server)
        assert connection.envelope("a@x", "b@x", size=10) is None
        connection.close()
        assert server.mails == []
        assert server.saw("QUIT") == []


def test_the_dialogue_shows_both_sides(opened: Make, dialogue) -> None:
    with ScriptedSmtp() as server:
        deliver(opened(server))
    assert dialogue.said("client") == [
        "EHLO client.example",
        "MAIL FROM:<bounces@corp.example>",
        "RCPT TO:<ana@corp.example>",
        "DATA",
        f"({len(MAIL)} octets of mail)",
        ".",
    ]
    assert dialogue.said("server")[-1] == "250 2.0.0 Ok: queued as 4711"
    times = [line.at for line in dialogue.lines]
    assert times == sorted(times)
    assert times[0] >= 0


def test_utf8_addresses_go_where_the_server_takes_them(opened: Make) -> None:
    with AiosmtpdServer() as server:
        assert deliver(opened(server), "josé@bücher.local").outcome is Outcome.ACCEPTED
        assert server.mails[0].recipients == ("josé@xn--bcher-kva.local",)
