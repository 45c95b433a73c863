"""`arauto drain --once`."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from tests.cli.conftest import Arauto
from tests.factories import make_account, make_messages
from tests.peers import free_port
from tests.peers.smtp_script import ScriptedSmtp
from webapp.extensions import db
from webapp.models import Lease, Message


def states() -> list[str]:
    db.session.rollback()
    return [str(state) for state in db.session.scalars(select(Message.state).order_by(Message.id))]


def test_it_sends_all_that_is_due_and_sums_up_in_one_line(arauto: Arauto, ctx: Flask) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port)
        make_messages(25)
        ended = arauto("drain", "--once")
    assert (ended.code, ended.out, ended.err) == (0, "25 sent, 0 deferred, 0 failed\n", "")
    assert states() == ["sent"] * 25
    assert db.session.scalars(select(Lease)).all() == []


def test_single_failures_do_not_fail_the_command(arauto: Arauto, ctx: Flask) -> None:
    script = {"<p0@": b"450 4.2.0 later", "<p1@": b"550 5.1.1 nobody", "": None}
    with ScriptedSmtp(rcpt=script) as server:
        make_account(port=server.port)
        make_messages(4)
        ended = arauto("drain", "--once", "--json")
    assert ended.code == 0
    assert ended.json == {"sent": 2, "deferred": 1, "failed": 1, "unanswered": 0, "held": 0}
    assert states() == ["queued", "failed", "sent", "sent"]


def test_what_an_account_in_trouble_holds_up_is_told(arauto: Arauto, ctx: Flask) -> None:
    make_account(port=free_port())
    make_messages(3)
    ended = arauto("drain", "--once")
    assert (ended.code, ended.out) == (0, "0 sent, 0 deferred, 0 failed, 3 held\n")
    assert states() == ["queued"] * 3


def test_nothing_to_send(arauto: Arauto) -> None:
    assert arauto("drain", "--once").out == "0 sent, 0 deferred, 0 failed\n"


def test_connections_limits_how_many_are_open_at_once(arauto: Arauto, ctx: Flask) -> None:
    with ScriptedSmtp() as server:
        make_account(port=server.port, max_connections=4)
        make_messages(40)
        assert arauto("drain", "--once", "--connections", "1").code == 0
    assert server.connections == 1


def test_without_once_it_says_what_to_use(arauto: Arauto) -> None:
    ended = arauto("drain")
    assert ended.code == 2
    assert "--once" in ended.err
    assert "arauto worker" in ended.err
