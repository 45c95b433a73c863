"""The mailboxes of the sandbox, read as mail programs do: by Arauto's own reader, and by the standard library."""

from __future__ import annotations

import imaplib
import re
import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests.peers import wait_until
from tests.services.sandbox.conftest import deliver, inbox, mails
from webapp.mailboxes.base import Listed, MailboxTrouble, TroubleKind
from webapp.mailboxes.imap import ImapMailbox
from webapp.mailboxes.registry import open_mailbox
from webapp.services.sandbox import mailbox
from webapp.services.sandbox.imap_words import split
from webapp.services.sandbox.server import SandboxServer

ARAUTO = "arauto@sandbox.local"
RAW = b"From: Ana <ana@corp.example>\r\nSubject: Re: x\r\nX-Folded: a\r\n b\r\n\r\nHello\r\n.\r\n"


def served(sender: str = "ana@corp.example", to: str = ARAUTO, raw: bytes = RAW) -> bytes:
    return f"Return-Path: <{sender}>\r\nDelivered-To: {to}\r\n".encode() + raw


def listed(box: ImapMailbox) -> list[Listed]:
    return [message for batch in box.listed("") for message in batch.messages]


def program(user: str = ARAUTO) -> imaplib.IMAP4:
    settings = inbox().settings
    made = imaplib.IMAP4(settings.host, settings.port, timeout=10)
    made.login(user, settings.secret)
    return made


@pytest.fixture
def reading(server: SandboxServer) -> Iterator[imaplib.IMAP4]:
    """A mail program whose INBOX is open, with three mails in it."""
    for number in range(3):
        deliver(b"Subject: %d\r\n\r\nbody %d\r\n" % (number, number), "ana@corp.example", ARAUTO)
    made = program()
    made.select()
    yield made
    made.shutdown()


def test_a_mailbox_has_the_mail_to_its_address_and_to_its_tags(server: SandboxServer) -> None:
    deliver(RAW, "ana@corp.example", ARAUTO)
    deliver(b"Subject: not this\r\n\r\n", "ana@corp.example", "bob@corp.example")
    deliver(RAW, "", "Arauto+token2345@SANDBOX.local", "bob@corp.example")
    with ImapMailbox(inbox().settings) as box:
        found = listed(box)
        raws = [raw for _, raw in box.fetch(found)]
        assert box.folders() == ["INBOX"]
    assert raws == [served(), served("", "Arauto+token2345@SANDBOX.local")]
    assert [message.size for message in found] == [len(raw) for raw in raws]
    assert found[0].arrived == mails()[0].received_at.replace(microsecond=0)


def test_everybody_has_a_mailbox(server: SandboxServer) -> None:
    deliver(RAW, "ana@corp.example", "bob@corp.example")
    bob = program("bob@corp.example")
    assert bob.select() == ("OK", [b"1"])
    bob.logout()


def test_it_takes_the_secret_of_the_credential_alone(server: SandboxServer) -> None:
    settings = inbox().settings
    stranger = imaplib.IMAP4(settings.host, settings.port, timeout=10)
    with pytest.raises(imaplib.IMAP4.error, match="the secret of the inbox account Sandbox"):
        stranger.login(ARAUTO, "wrong")
    stranger.send(b"a SELECT INBOX\r\n")
    assert stranger.readline() == b"a BAD not now\r\n"
    stranger.shutdown()


def test_new_mail_is_told_at_once(server: SandboxServer) -> None:
    with ImapMailbox(inbox().settings) as box:
        assert box.can_wait
        assert not box.begin_idle()
        deliver(RAW, "ana@corp.example", ARAUTO)
        wait_until(lambda: bool(select.select([box.socket], [], [], 0)[0]) and box.heard(), "news")
        box.end_idle()
        assert len(listed(box)) == 1


def test_what_is_thrown_away_is_gone_and_nothing_else(reading: imaplib.IMAP4) -> None:
    reading.store("2", "+FLAGS", "(\\Deleted)")
    assert reading.search(None, "DELETED") == ("OK", [b"2"])
    assert reading.expunge() == ("OK", [b"2"])
    assert [mail.subject for mail in mails()] == ["0", "2"]
    assert reading.search(None, "ALL") == ("OK", [b"1 2"])


def test_by_uid_only_the_named_are_thrown_away(reading: imaplib.IMAP4) -> None:
    reading.store("1:*", "+FLAGS.SILENT", "(\\Deleted)")
    first = mails()[0].id
    reading.uid("EXPUNGE", str(first))
    assert [mail.subject for mail in mails()] == ["1", "2"]
    reading.store("1:2", "-FLAGS", "(\\Deleted)")
    reading.close()
    assert [mail.subject for mail in mails()] == ["1", "2"]


def test_a_number_is_never_used_again(server: SandboxServer) -> None:
    deliver(RAW, "ana@corp.example", ARAUTO)
    before = mails()[0].id
    mailbox.empty(before)
    deliver(RAW, "ana@corp.example", ARAUTO)
    assert mails()[0].id > before


def test_what_somebody_else_throws_away_is_told(reading: imaplib.IMAP4) -> None:
    mailbox.remove(mails()[0].id)
    assert reading.uid("FETCH", "1:*", "(BODY.PEEK[])")[1][0] is not None
    reading.noop()
    assert reading.response("EXPUNGE") == ("EXPUNGE", [b"1"])
    assert reading.search(None, "ALL") == ("OK", [b"1 2"])


def test_flags_last_as_long_as_the_connection(reading: imaplib.IMAP4) -> None:
    assert reading.search(None, "UNSEEN") == ("OK", [b"1 2 3"])
    reading.fetch("1", "(BODY[TEXT])")
    assert reading.search(None, "SEEN") == ("OK", [b"1"])
    assert reading.search(None, "1:2", "UNSEEN") == ("OK", [b"2"])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("BODY.PEEK[TEXT]", b"body 0\r\n"),
        ("BODY.PEEK[HEADER]", b"Return-Path: <ana@corp.example>\r\nDelivered-To: %s\r\nSubject: 0\r\n\r\n"),
        ("RFC822.HEADER", b"Return-Path: <ana@corp.example>\r\nDelivered-To: %s\r\nSubject: 0\r\n\r\n"),
        ("BODY.PEEK[HEADER.FIELDS (Subject To)]", b"Subject: 0\r\n\r\n"),
        ("BODY.PEEK[HEADER.FIELDS.NOT (Subject Return-Path)]", b"Delivered-To: %s\r\n\r\n"),
        ("BODY.PEEK[TEXT]<2.3>", b"dy "),
        ("RFC822.TEXT", b"body 0\r\n"),
    ],
)
def test_parts_of_a_mail(reading: imaplib.IMAP4, asked: str, told: bytes) -> None:
    answer: Any = reading.fetch("1", f"({asked})")[1]
    assert answer[0][1] == told.replace(b"%s", ARAUTO.encode())


def test_facts_of_a_mail(reading: imaplib.IMAP4) -> None:
    answer: Any = reading.fetch("2", "FAST")[1]
    size = len(served(raw=b"Subject: 1\r\n\r\nbody 1\r\n"))
    assert re.fullmatch(rb'2 \(FLAGS \(\) INTERNALDATE "[^"]{26}" RFC822.SIZE %d\)' % size, answer[0])


def test_status_and_lists(reading: imaplib.IMAP4) -> None:
    last = mails()[-1].id
    told = f"INBOX (MESSAGES 3 UIDNEXT {last + 1} UIDVALIDITY 1)".encode()
    assert reading.status("INBOX", "(MESSAGES UIDNEXT UIDVALIDITY)") == ("OK", [told])
    assert reading.list() == ("OK", [b'(\\HasNoChildren) "/" INBOX'])
    assert reading.list('""', '""') == ("OK", [b'(\\Noselect) "/" ""'])
    assert reading.list('""', "Trash") == ("OK", [None])


REFUSED = (
    (b"", b"* BAD"),
    (b"a", b"a BAD"),
    (b"a NONSENSE", b"a BAD"),
    (b"a UID", b"a BAD"),
    (b"a UID NONSENSE 1", b"a BAD"),
    (b"a LOGIN x", b"a BAD"),
    (b"a APPEND INBOX {3+}\r\nabc", b"a NO [CANNOT]"),
    (b"a COPY 1 INBOX", b"a NO [CANNOT]"),
    (b"a FETCH", b"a BAD"),
    (b"a FETCH one FLAGS", b"a BAD"),
    (b"a FETCH 1 ENVELOPE", b"a BAD"),
    (b"a SEARCH BODY x", b"a BAD"),
    (b"a STORE 1 FLAGS.NONE ()", b"a BAD"),
    (b"a STORE 1", b"a BAD"),
    (b"a STORE ( )", b"a BAD"),
    (b"a STORE 1 ( )", b"a BAD"),
    (b"a FETCH 1 {999999999}", b"* BAD"),
    (b"a " + b"x" * 100_000, b"* BAD"),
    (b"a FETCH 1 (BODY[", b"a BAD"),
    (b"\x00\xff (((", b"\x00\xef\xbf\xbd BAD"),
    (b"a SELECT", b"a NO"),
    (b"a SELECT Trash", b"a NO [NONEXISTENT]"),
)


def test_what_is_not_understood_is_refused_and_the_connection_goes_on(reading: imaplib.IMAP4) -> None:
    for line, answer in REFUSED:
        reading.send(line + b"\r\n")
        assert reading.readline().startswith(answer), line
        assert reading.noop()[0] == "OK", line


def test_a_line_without_end_while_it_tells_is_refused(reading: imaplib.IMAP4) -> None:
    reading.send(b"a IDLE\r\n")
    assert reading.readline() == b"+ idling\r\n"
    reading.send(b"x" * 100_000 + b"\r\n")
    assert reading.readline().startswith(b"a BAD")
    assert reading.noop()[0] == "OK"


def test_a_literal_is_a_word(server: SandboxServer) -> None:
    settings = inbox().settings
    with socket.create_connection((settings.host, settings.port), timeout=10) as plain, plain.makefile("rb") as told:
        told.readline()
        plain.sendall(b"a LOGIN {20}\r\n")
        assert told.readline().startswith(b"+ ")
        plain.sendall(ARAUTO.encode() + b" {%d+}\r\n" % len(settings.secret) + settings.secret.encode() + b"\r\n")
        assert told.readline() == b"a OK completed\r\n"


def test_the_words_of_a_line() -> None:
    assert split('x FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (A B)]<0.9>) "a \\" b" ""') == [
        *("x", "FETCH", "1:*", "(", "FLAGS", "BODY.PEEK[HEADER.FIELDS (A B)]<0.9>", ")", 'a " b', ""),
    ]


def test_a_database_in_trouble_is_told_and_the_connection_goes_on(server: SandboxServer) -> None:
    deliver(RAW, "ana@corp.example", ARAUTO)
    reading = program()
    assert server._engine is not None

    def refuse(*_: Any) -> None:
        raise OperationalError("select", {}, OSError("gone"))

    event.listen(server._engine, "before_cursor_execute", refuse)
    assert reading.select() == ("NO", [b"[UNAVAILABLE] the database does not answer"])
    event.remove(server._engine, "before_cursor_execute", refuse)
    assert reading.select() == ("OK", [b"1"])
    reading.logout()


def test_readers_notice_that_it_ends(server: SandboxServer) -> None:
    box = open_mailbox(inbox().settings)
    assert isinstance(box, ImapMailbox)
    box.open()
    box.begin_idle()
    server.stop()
    with pytest.raises(MailboxTrouble) as told:
        wait_until(lambda: bool(select.select([box.socket], [], [], 0)[0]) and box.heard() and False, "the end")
    box.abandon()
    assert told.value.kind is TroubleKind.UNREACHABLE
