"""What goes wrong before the first mail is the account's trouble, and costs no mail an attempt."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from tests.peers import free_port
from tests.peers.smtp_script import Drop, Raw, ScriptedSmtp, Stall
from tests.peers.smtp_sink import smtp_sink
from webapp.channels.base import AccountTrouble, Stage, TroubleKind
from webapp.channels.smtp import SmtpConnection

Make = Callable[..., SmtpConnection]


class Address:
    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port


def trouble(connection: SmtpConnection) -> AccountTrouble:
    with pytest.raises(AccountTrouble) as caught:
        connection.open()
    assert not connection.healthy
    return caught.value


def test_a_refused_connection_says_where_and_why(connection: Make) -> None:
    port = free_port()
    found = trouble(connection(Address("127.0.0.1", port)))
    assert (found.kind, found.stage) == (TroubleKind.UNREACHABLE, Stage.CONNECT)
    assert found.words == f"No connection to 127.0.0.1 port {port}: Connection refused."


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("nosuch.invalid", 25, "Name or service not known"),
        ("x" * 70 + ".localhost", 25, "no host name"),
    ],
)
def test_a_name_that_nobody_has_is_unreachable(connection: Make, host: str, port: int, words: str) -> None:
    found = trouble(connection(Address(host, port)))
    assert (found.kind, found.stage) == (TroubleKind.UNREACHABLE, Stage.CONNECT)
    assert words in found.words


def test_a_host_without_room_for_connections_costs_the_connect_timeout(connection: Make) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        found = trouble(connection(Address(*address), hurry={"connect": 0.2}))
        for each in waiting:
            each.close()
    assert (found.kind, found.stage) == (TroubleKind.UNREACHABLE, Stage.CONNECT)
    assert "0.2 seconds" in found.words


def test_the_second_address_of_a_name_is_tried(connection: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedSmtp() as server:
        targets = [("127.0.0.1", free_port()), (server.host, server.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", target) for target in targets]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        connection(Address("mail.corp.example", 25)).open()
        assert server.saw("EHLO")


@pytest.mark.parametrize(("stage", "expected"), [("greeting", Stage.GREETING), ("ehlo", Stage.EHLO)])
def test_silence_ends_at_its_own_timeout(connection: Make, stage: str, expected: Stage) -> None:
    with ScriptedSmtp(**{stage: Stall()}) as server:
        hurry = {"greeting" if stage == "greeting" else "command": 0.2}
        found = trouble(connection(server, hurry=hurry))
        assert (found.kind, found.stage) == (TroubleKind.UNREACHABLE, expected)
        assert "0.2 seconds" in found.words


def test_a_greeting_at_a_crawl_ends_at_the_same_timeout(connection: Make) -> None:
    crawl = Raw(b"220-" + b"x" * 7000, piece=1, every=0.02)
    with ScriptedSmtp(greeting=crawl) as server:
        began = time.monotonic()
        found = trouble(connection(server, hurry={"greeting": 0.3}))
        assert (found.kind, found.stage) == (TroubleKind.UNREACHABLE, Stage.GREETING)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("stage", ["greeting", "ehlo"])
def test_a_server_that_hangs_up_is_unreachable(connection: Make, stage: str) -> None:
    with ScriptedSmtp(**{stage: Drop()}) as server:
        found = trouble(connection(server))
        assert (found.kind, found.stage) == (TroubleKind.UNREACHABLE, Stage(stage))
        assert found.words == "The server closed the connection."


@pytest.mark.parametrize(
    ("script", "kind", "stage", "code"),
    [
        ({"greeting": b"421 4.3.2 too many connections"}, TroubleKind.BUSY, Stage.GREETING, 421),
        ({"greeting": b"450 later"}, TroubleKind.BUSY, Stage.GREETING, 450),
        ({"greeting": b"554 5.7.1 go away"}, TroubleKind.UNREACHABLE, Stage.GREETING, 554),
        ({"greeting": b"250 hello"}, TroubleKind.PROTOCOL, Stage.GREETING, 250),
        ({"ehlo": b"421 4.3.2 shutting down"}, TroubleKind.BUSY, Stage.EHLO, 421),
        ({"ehlo": b"502 no", "helo": b"550 bad name"}, TroubleKind.UNREACHABLE, Stage.EHLO, 550),
        ({"ehlo": b"354 what"}, TroubleKind.PROTOCOL, Stage.EHLO, 354),
    ],
)
def test_a_refusal_to_talk_is_told_in_the_servers_words(
    connection: Make, script: dict[str, bytes], kind: TroubleKind, stage: Stage, code: int
) -> None:
    with ScriptedSmtp(**script) as server:
        found = trouble(connection(server))
        assert (found.kind, found.stage, found.code) == (kind, stage, code)
        assert found.words
        assert server.saw("MAIL") == []


def test_smtp_sink_that_turns_everybody_away_is_busy(connection: Make) -> None:
    with smtp_sink("-Q", "CONNECT") as sink:
        found = trouble(connection(sink))
    assert (found.kind, found.stage, found.code) == (TroubleKind.BUSY, Stage.GREETING, 421)


@pytest.mark.parametrize("waits_at", ["greeting", "ehlo"])
def test_another_thread_can_end_a_wait_at_once(connection: Make, waits_at: str) -> None:
    with ScriptedSmtp(**{waits_at: Stall()}) as server:
        made = connection(server, hurry={"greeting": 30.0, "command": 30.0})
        caught: list[AccountTrouble] = []
        worker = threading.Thread(target=lambda: caught.append(trouble(made)))
        worker.start()
        server.wait_for(lambda: server.saw("EHLO") if waits_at == "ehlo" else server.connections)
        made.abort()
        worker.join(5)
        assert not worker.is_alive()
    assert caught[0].words == "We closed the connection."
