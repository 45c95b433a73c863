"""A connection that was kept for the next mail and died meanwhile costs that mail nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.peers.smtp_script import Drop, ScriptedSmtp, Stall, Then
from webapp.channels.base import Outcome, Result, Stage, StaleConnection
from webapp.channels.smtp import SmtpConnection

Make = Callable[..., SmtpConnection]
MAIL = b"Subject: hello\r\n\r\nGood morning\r\n"
BOTH_WAYS = pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelined", "one by one"])


def deliver(connection: SmtpConnection) -> Result:
    refusal = connection.envelope("bounces@x", "ana@x", size=len(MAIL))
    return refusal or connection.finish(MAIL)


@BOTH_WAYS
@pytest.mark.parametrize("answer", [Drop(), Drop(reset=True), Then((b"421 4.4.2 idle too long", Drop()))])
def test_a_kept_connection_that_died_is_stale_and_costs_nothing(
    opened: Make, extensions: tuple[str, ...], answer: Any
) -> None:
    with ScriptedSmtp(extensions=extensions, mail=[None, answer]) as server:
        connection = opened(server)
        assert deliver(connection).outcome is Outcome.ACCEPTED
        with pytest.raises(StaleConnection):
            deliver(connection)
        assert not connection.healthy
        assert len(server.mails) == 1


def test_a_connection_that_the_server_closed_while_idle_is_stale(opened: Make) -> None:
    with ScriptedSmtp(dot=Then((b"250 2.0.0 kept", b"421 4.4.2 idle too long", Drop()))) as server:
        connection = opened(server)
        assert deliver(connection).outcome is Outcome.ACCEPTED
        if connection.healthy:  # the notice may still be under way
            with pytest.raises(StaleConnection):
                deliver(connection)
        assert len(server.mails) == 1


def test_a_connection_that_does_not_survive_a_reset_is_stale(opened: Make) -> None:
    with ScriptedSmtp(extensions=(), rcpt=[b"550 5.1.1 nobody", None], rset=b"500 what") as server:
        connection = opened(server)
        assert deliver(connection).outcome is Outcome.PERMANENT
        with pytest.raises(StaleConnection):
            deliver(connection)


def test_silence_on_a_kept_connection_is_not_stale_but_temporary(opened: Make) -> None:
    with ScriptedSmtp(mail=[None, Stall()]) as server:
        connection = opened(server, hurry={"command": 0.3})
        assert deliver(connection).outcome is Outcome.ACCEPTED
        result = deliver(connection)
        assert (result.outcome, result.stage) == (Outcome.TEMPORARY, Stage.MAIL)
