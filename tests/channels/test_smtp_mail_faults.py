"""What goes wrong with one mail: at which stage, whether to try again, and whether it may have been delivered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.peers.smtp_script import Drop, Raw, ScriptedSmtp, Stall, Then
from tests.peers.smtp_sink import smtp_sink
from webapp.channels.base import AccountTrouble, Outcome, Result, Stage, TroubleKind
from webapp.channels.smtp import SmtpConnection

Make = Callable[..., SmtpConnection]
MAIL = b"Subject: hello\r\n\r\nGood morning\r\n"
BOTH_WAYS = pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelined", "one by one"])


def deliver(connection: SmtpConnection, recipient: str = "ana@x", data: bytes = MAIL) -> Result:
    refusal = connection.envelope("bounces@x", recipient, size=len(data))
    return refusal or connection.finish(data)


def told(result: Result) -> tuple[Outcome, Stage, int | None]:
    return result.outcome, result.stage, result.code


@BOTH_WAYS
@pytest.mark.parametrize(
    ("stage", "code", "outcome"),
    [
        ("mail", 451, Outcome.TEMPORARY),
        ("rcpt", 450, Outcome.TEMPORARY),
        ("data", 451, Outcome.TEMPORARY),
        ("dot", 452, Outcome.TEMPORARY),
        ("rcpt", 550, Outcome.PERMANENT),
        ("data", 554, Outcome.PERMANENT),
        ("dot", 552, Outcome.PERMANENT),
        ("mail", 552, Outcome.PERMANENT),
    ],
)
def test_a_refusal_keeps_stage_code_and_words_and_the_connection(
    opened: Make, extensions: tuple[str, ...], stage: str, code: int, outcome: Outcome
) -> None:
    status = f"{code // 100}.1.1"
    answers = {stage: [f"{code}-{status} No\r\n{code} {status} because".encode(), None]}
    with ScriptedSmtp(extensions=extensions, **answers) as server:
        connection = opened(server)
        result = deliver(connection)
        assert told(result) == (outcome, Stage(stage), code)
        assert (result.enhanced, result.words) == (status, "No because")
        assert connection.healthy
        assert deliver(connection, "bob@x").outcome is Outcome.ACCEPTED
        assert connection.used == 2
        assert server.connections == 1
        kept = [mail.recipients for mail in server.mails if mail.data]
        assert kept == ([["ana@x"], ["bob@x"]] if stage == "dot" else [["bob@x"]])


@pytest.mark.parametrize(
    ("option", "command", "told_as"),
    [
        ("-r", "MAIL", (Outcome.TEMPORARY, Stage.MAIL, 450)),
        ("-r", "RCPT", (Outcome.TEMPORARY, Stage.RCPT, 450)),
        ("-r", "DATA", (Outcome.TEMPORARY, Stage.DATA, 450)),
        ("-r", ".", (Outcome.TEMPORARY, Stage.DOT, 450)),
        ("-f", "RCPT", (Outcome.PERMANENT, Stage.RCPT, 500)),
        ("-f", "DATA", (Outcome.PERMANENT, Stage.DATA, 500)),
        ("-f", ".", (Outcome.PERMANENT, Stage.DOT, 500)),
        ("-q", "RCPT", (Outcome.TEMPORARY, Stage.RCPT, None)),
        ("-q", "DATA", (Outcome.TEMPORARY, Stage.DATA, None)),
        ("-Q", "RCPT", (Outcome.TEMPORARY, Stage.RCPT, 421)),
        ("-q", ".", (Outcome.UNCERTAIN, Stage.DOT, None)),
    ],
)
def test_smtp_sink_fails_on_command(
    opened: Make, option: str, command: str, told_as: tuple[Outcome, Stage, int | None]
) -> None:
    with smtp_sink(option, command) as sink:
        assert told(deliver(opened(sink, record=False))) == told_as


@BOTH_WAYS
@pytest.mark.parametrize("reply", [b"550 5.7.1 sender refused", b"530 5.7.0 sign in first", b"500 no"])
def test_a_refusal_of_our_sender_is_the_accounts_trouble(
    opened: Make, extensions: tuple[str, ...], reply: bytes
) -> None:
    with ScriptedSmtp(extensions=extensions, mail=reply) as server:
        connection = opened(server)
        with pytest.raises(AccountTrouble) as caught:
            deliver(connection)
        assert (caught.value.kind, caught.value.stage) == (TroubleKind.SENDER, Stage.MAIL)
        assert caught.value.code == int(reply[:3])
        assert not connection.healthy
        assert server.mails == []


def test_a_sender_that_is_no_address_is_the_accounts_trouble(opened: Make) -> None:
    with ScriptedSmtp() as server:
        with pytest.raises(AccountTrouble) as caught:
            opened(server).envelope("a@x>\r\nRSET", "b@x", size=1)
        assert caught.value.kind is TroubleKind.SENDER
        assert server.saw("MAIL") == server.saw("RSET") == []


def test_a_recipient_that_is_no_address_never_reaches_the_server(opened: Make) -> None:
    with ScriptedSmtp() as server:
        connection = opened(server)
        assert told(deliver(connection, "a@x>\r\nRCPT TO:<evil@x")) == (Outcome.PERMANENT, Stage.RCPT, None)
        assert server.saw("MAIL") == []
        assert deliver(connection).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("reply", ["550 5.1.1 unknown", "450 4.2.1 busy"])
def test_one_refused_recipient_of_three_does_not_touch_the_others(opened: Make, reply: str) -> None:
    with AiosmtpdServer(refuse={"rcpt:bob@x": reply}) as server:
        connection = opened(server)
        results = [deliver(connection, f"{name}@x") for name in ("ana", "bob", "eve")]
        expected = Outcome.PERMANENT if reply[0] == "5" else Outcome.TEMPORARY
        assert [result.outcome for result in results] == [Outcome.ACCEPTED, expected, Outcome.ACCEPTED]
        assert [mail.recipients for mail in server.mails] == [("ana@x",), ("eve@x",)]


def test_data_that_a_server_wants_without_a_recipient_is_a_lone_dot(opened: Make) -> None:
    """RFC 2920 section 3.1: the 354 may come although every recipient was refused."""
    with ScriptedSmtp(rcpt={"bob@": b"550 5.1.1 nobody", "": None}) as server:
        connection = opened(server)
        assert told(deliver(connection, "bob@x")) == (Outcome.PERMANENT, Stage.RCPT, 550)
        server.wait_for(lambda: server.mails)
        assert server.mails[0].data == b""
        assert deliver(connection).outcome is Outcome.ACCEPTED


@BOTH_WAYS
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_service_closing_defers_and_ends_the_connection(opened: Make, extensions: tuple[str, ...], stage: str) -> None:
    with ScriptedSmtp(extensions=extensions, **{stage: Then((b"421 4.3.2 bye", Drop()))}) as server:
        connection = opened(server)
        assert told(deliver(connection)) == (Outcome.TEMPORARY, Stage(stage), 421)
        assert not connection.healthy
        assert server.mails == []


def test_service_closing_at_the_dot_defers(opened: Make) -> None:
    with ScriptedSmtp(dot=Then((b"421 4.3.2 bye", Drop()))) as server:
        connection = opened(server)
        assert told(deliver(connection)) == (Outcome.TEMPORARY, Stage.DOT, 421)
        assert not connection.healthy


def test_service_closing_at_the_second_recipient_defers_that_one_and_keeps_the_first(opened: Make) -> None:
    with ScriptedSmtp(rcpt={"bob@": Then((b"421 4.3.2 bye", Drop())), "": None}) as server:
        connection = opened(server)
        assert deliver(connection, "ana@x").outcome is Outcome.ACCEPTED
        assert told(deliver(connection, "bob@x")) == (Outcome.TEMPORARY, Stage.RCPT, 421)
        assert [mail.recipients for mail in server.mails] == [["ana@x"]]


@BOTH_WAYS
@pytest.mark.parametrize("how", [Drop(), Drop(reset=True)], ids=["closed", "reset"])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_a_lost_connection_before_the_dot_defers_at_its_stage(
    opened: Make, extensions: tuple[str, ...], stage: str, how: Drop
) -> None:
    with ScriptedSmtp(extensions=extensions, **{stage: how}) as server:
        connection = opened(server)
        result = deliver(connection)
        assert result.outcome is Outcome.TEMPORARY
        # A reset may take the answers before it along.
        assert result.stage == stage or how.reset
        assert not connection.healthy
        assert server.mails == []


@pytest.mark.parametrize("at_data", [Drop(), b"nonsense", Then((b"421 4.3.2 bye", Drop()))])
def test_a_verdict_that_was_given_stands_whatever_becomes_of_the_connection(opened: Make, at_data: Any) -> None:
    with ScriptedSmtp(rcpt=b"550 5.1.1 nobody", data=at_data) as server:
        connection = opened(server)
        assert told(deliver(connection)) == (Outcome.PERMANENT, Stage.RCPT, 550)
        assert not connection.healthy


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_silence_before_the_dot_defers_at_its_stage(opened: Make, stage: str) -> None:
    with ScriptedSmtp(**{stage: Stall()}) as server:
        connection = opened(server, hurry={"command": 0.2})
        result = deliver(connection)
        assert told(result) == (Outcome.TEMPORARY, Stage(stage), None)
        assert "0.2 seconds" in result.words
        assert not connection.healthy


BIG = b"x" * 70 + b"\r\n"


def test_a_connection_lost_within_the_data_delivered_nothing(opened: Make) -> None:
    with ScriptedSmtp(body=Drop(reset=True), receive_buffer=4096) as server:
        result = deliver(opened(server), data=BIG * 400_000)
        assert told(result) == (Outcome.TEMPORARY, Stage.DATA, None)
        assert server.mails == []


def test_a_server_that_stops_reading_costs_one_timeout(opened: Make) -> None:
    with ScriptedSmtp(body=Stall(), receive_buffer=4096) as server:
        connection = opened(server, hurry={"command": 0.3})
        result = deliver(connection, data=BIG * 400_000)
        assert told(result) == (Outcome.TEMPORARY, Stage.DATA, None)
        assert not connection.healthy
        assert server.mails == []


def test_the_last_words_of_a_server_that_hangs_up_within_the_data_count(opened: Make) -> None:
    with ScriptedSmtp(body=Then((b"552 5.3.4 too big", Stall())), receive_buffer=4096) as server:
        result = deliver(opened(server, hurry={"command": 0.3}), data=BIG * 400_000)
        assert told(result) == (Outcome.PERMANENT, Stage.DATA, 552)
        assert result.words == "too big"
        assert server.mails == []


def test_a_lost_answer_to_the_dot_is_uncertain_for_the_server_kept_it(opened: Make) -> None:
    with AiosmtpdServer(keep_then_drop=1) as server:
        connection = opened(server)
        assert told(deliver(connection)) == (Outcome.UNCERTAIN, Stage.DOT, None)
        assert not connection.healthy
        assert len(server.mails) == 1


def test_a_late_answer_to_the_dot_is_uncertain(opened: Make) -> None:
    with AiosmtpdServer(hold=True) as server:
        connection = opened(server, hurry={"dot": 0.2})
        result = deliver(connection)
        assert told(result) == (Outcome.UNCERTAIN, Stage.DOT, None)
        assert "0.2 seconds" in result.words
        assert not connection.healthy
        assert len(server.mails) == 1


@pytest.mark.parametrize(
    "answer", [Drop(), Drop(reset=True), b"nonsense", b"354 go on", Raw(b"x" * 9000), Raw(b"250-x\r\n" * 200)]
)
def test_no_readable_answer_to_the_dot_is_uncertain(opened: Make, answer: Any) -> None:
    with ScriptedSmtp(dot=answer) as server:
        connection = opened(server)
        result = deliver(connection)
        assert (result.outcome, result.stage) == (Outcome.UNCERTAIN, Stage.DOT)
        assert not connection.healthy


def test_another_thread_can_end_the_wait_for_the_dot(opened: Make) -> None:
    with ScriptedSmtp(dot=Stall()) as server:
        connection = opened(server, hurry={"dot": 30.0})
        results: list[Result] = []
        worker = threading.Thread(target=lambda: results.append(deliver(connection)))
        worker.start()
        server.wait_for(lambda: server.mails)
        connection.abort()
        worker.join(5)
        assert told(results[0]) == (Outcome.UNCERTAIN, Stage.DOT, None)


@pytest.mark.parametrize("at_quit", [Drop(), b"500 what", Stall()])
def test_what_happens_at_quit_takes_nothing_back(opened: Make, at_quit: Any) -> None:
    with ScriptedSmtp(quit=at_quit) as server:
        connection = opened(server, hurry={"command": 0.2})
        assert deliver(connection).outcome is Outcome.ACCEPTED
        connection.close()
        assert not connection.healthy
