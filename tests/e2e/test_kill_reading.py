"""`kill -9` of a process that reads a mailbox loses no mail and imports none twice (promises 1 and 3)."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from tests.e2e.instance import BIN, Instance, instance
from tests.factories import make_messages
from tests.peers import wait_until
from tests.peers.dovecot import Box, Dovecot
from webapp import create_core
from webapp.extensions import db
from webapp.models import InboundMessage, InboundRaw, Lease, Message, State, TimelineEntry
from webapp.services.unit import write

MAILS = 600
KILLS = 5
CONFIGURATION = """
credentials: [{{name: reader, username: {user}, secret: {{value: {password}}}}}]
inbox_accounts:
  - name: Replies
    host: 127.0.0.1
    port: {port}
    protocol: {protocol}
    credential: reader
    keep_copy: false
    ignore_older: false
"""


def _answers(message_id: str) -> list[bytes]:
    """Mails that each leave one entry on the timeline of our message."""
    head = f"From: ana@corp.example\r\nIn-Reply-To: {message_id}\r\n"
    return [f"{head}Subject: case {number}\r\n\r\nAnswer {number}\r\n".encode() for number in range(MAILS)]


def _sent_message() -> str:
    """The Message-ID of a message of ours that left."""
    [number] = make_messages()
    with write() as session:
        session.execute(update(Message).where(Message.id == number).values(state=State.SENT))
    return db.session.get_one(Message, number).message_id


def _forget_the_dead() -> None:
    """What 20 seconds do: the leases of a dead process count no more."""
    with write() as session:
        session.execute(delete(Lease))


def _count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(InboundRaw)) or 0


def _here() -> Counter[bytes]:
    """The mails that are committed here."""
    db.session.rollback()
    return Counter(db.session.scalars(select(InboundRaw.raw)))


def _by(column: Any) -> dict[str, int]:
    """How many rows have each value."""
    db.session.rollback()
    return dict(db.session.execute(select(column, func.count()).group_by(column)).all())


def _there(box: Box) -> list[bytes]:
    """What is on the server, which may still be at what the dead process had asked for."""
    found: list[bytes] = []

    def look() -> bool:
        try:
            found[:] = box.mails()
        except FileNotFoundError:  # moved or removed between the listing and the reading
            return False
        return True

    wait_until(look, "the server to leave its files alone")
    return found


def _killed(arauto: Instance) -> None:
    """A process reads the mailbox and dies at some moment after its first mail."""
    before = _count()
    command = [str(BIN / "arauto"), "poll", "--once"]
    with subprocess.Popen(command, env=arauto.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as reading:
        wait_until(lambda: _count() != before or reading.poll() is not None, "the first mail", 30)
        time.sleep(random.uniform(0, 0.4))
        reading.kill()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_mail_survives_kills_while_it_is_read(tmp_path: Path, dovecot: Dovecot, protocol: str) -> None:
    box = dovecot.box()
    with instance(tmp_path / "a") as arauto:
        port = getattr(dovecot, protocol)
        arauto.prepare(CONFIGURATION.format(user=box.user, password=dovecot.password, port=port, protocol=protocol))
        with create_core(arauto.environ).app_context():
            mails = _answers(_sent_message())
            for kill in range(KILLS):
                for raw in mails[kill::KILLS]:
                    box.put(raw)
                _killed(arauto)
                here, there = _here(), _there(box)
                assert set(here) | set(there) == {raw for part in range(kill + 1) for raw in mails[part::KILLS]}
                assert max(here.values(), default=0) <= 1
                _forget_the_dead()
            arauto.cli("poll", "--once")
            assert _here() == Counter(mails)
            assert _there(box) == []
            assert _by(InboundMessage.state) == {"processed": MAILS}
            assert _by(TimelineEntry.kind) == {"in_reply": MAILS}
            db.session.remove()
            db.engine.dispose()
