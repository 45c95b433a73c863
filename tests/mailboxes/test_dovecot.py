"""Both protocols against a real server: what is listed, fetched, deleted, and what goes wrong."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.peers import free_port, wait_until
from tests.peers.dovecot import Box, Dovecot, running, trust
from webapp.mailboxes.base import (
    CHUNK_OCTETS,
    Line,
    Listed,
    Mailbox,
    MailboxSettings,
    MailboxTrouble,
    TroubleKind,
    chunks,
)
from webapp.mailboxes.imap import ImapMailbox
from webapp.mailboxes.registry import open_mailbox

PROTOCOLS = ("imap", "pop3")


def mail(number: int, body: str = "words") -> bytes:
    return f"From: a@corp.example\r\nSubject: {number}\r\nMessage-ID: <{number}@x>\r\n\r\n{body}\r\n".encode()


@pytest.fixture
def box(dovecot: Dovecot) -> Box:
    return dovecot.box()


@pytest.fixture(params=PROTOCOLS)
def settings(request: pytest.FixtureRequest, dovecot: Dovecot, box: Box) -> MailboxSettings:
    return made(dovecot, box, request.param)


def made(dovecot: Dovecot, box: Box, protocol: str, **more: Any) -> MailboxSettings:
    port = dovecot.imap if protocol == "imap" else dovecot.pop3
    values = {"host": "127.0.0.1", "port": port, "username": box.user, "secret": dovecot.password, **more}
    return MailboxSettings(protocol=protocol, **values)


def listed(mailbox: Mailbox, mark: str = "") -> list[Listed]:
    return [message for batch in mailbox.listed(mark) for message in batch.messages]


def test_everything_is_listed_and_fetched_as_it_is(settings: MailboxSettings, box: Box) -> None:
    mails = [mail(number) for number in range(250)]
    for raw in mails:
        box.put(raw)
    with open_mailbox(settings) as mailbox:
        found = listed(mailbox)
        assert len({message.key for message in found}) == mailbox.count() == 250
        assert [message.size for message in found] == [len(raw) for raw in mails]
        assert [raw for _, raw in mailbox.fetch(found)] == mails
    assert len(box.mails()) == 250


def test_an_empty_mailbox(settings: MailboxSettings) -> None:
    with open_mailbox(settings) as mailbox:
        assert (mailbox.count(), listed(mailbox), mailbox.present()) == (0, [], set())


def test_keys_are_the_same_next_time(settings: MailboxSettings, box: Box) -> None:
    box.put(mail(1))
    with open_mailbox(settings) as mailbox:
        first = [message.key for message in listed(mailbox)]
    box.put(mail(2))
    with open_mailbox(settings) as mailbox:
        assert [message.key for message in listed(mailbox)][:1] == first
        assert mailbox.present() > set(first)


def test_what_is_deleted_is_gone_and_nothing_else(settings: MailboxSettings, box: Box) -> None:
    for number in range(3):
        box.put(mail(number))
    with open_mailbox(settings) as mailbox:
        second = listed(mailbox)[1]
        mailbox.delete([second.key])
    assert box.mails() == [mail(0), mail(2)]


def test_nothing_is_deleted_where_the_connection_is_abandoned(dovecot: Dovecot, box: Box) -> None:
    box.put(mail(1))
    mailbox = open_mailbox(made(dovecot, box, "pop3"))
    mailbox.open()
    mailbox.delete([listed(mailbox)[0].key])
    mailbox.abandon()
    assert box.mails() == [mail(1)]


def test_lines_longer_than_any_rule_allows(settings: MailboxSettings, box: Box) -> None:
    long = mail(1, "x" * 100_000)
    box.put(long)
    box.put(mail(2))
    with open_mailbox(settings) as mailbox:
        assert [raw for _, raw in mailbox.fetch(listed(mailbox))] == [long, mail(2)]


def test_lines_that_begin_with_a_dot(settings: MailboxSettings, box: Box) -> None:
    dotted = mail(1, ".\r\n..\r\n.x")
    box.put(dotted)
    with open_mailbox(settings) as mailbox:
        assert [raw for _, raw in mailbox.fetch(listed(mailbox))] == [dotted]


def test_a_message_that_vanishes_between_listing_and_fetching(dovecot: Dovecot, box: Box) -> None:
    for number in range(3):
        box.put(mail(number))
    with open_mailbox(made(dovecot, box, "imap")) as mailbox:
        found = listed(mailbox)
        with open_mailbox(made(dovecot, box, "imap")) as other:
            other.delete([found[1].key])
        assert [raw for _, raw in mailbox.fetch(found)] == [mail(0), mail(2)]


# --- IMAP alone ---


def test_a_listing_begins_after_its_mark(dovecot: Dovecot, box: Box) -> None:
    box.put(mail(1))
    with open_mailbox(made(dovecot, box, "imap")) as mailbox:
        [batch] = mailbox.listed("")
        assert list(mailbox.listed(batch.mark)) == []
    box.put(mail(2))
    with open_mailbox(made(dovecot, box, "imap")) as mailbox:
        [news] = mailbox.listed(batch.mark)
        assert [raw for _, raw in mailbox.fetch(news.messages)] == [mail(2)]


def test_another_uidvalidity_makes_the_mark_mean_nothing(dovecot: Dovecot, box: Box) -> None:
    box.put(mail(1))
    with open_mailbox(made(dovecot, box, "imap")) as mailbox:
        [before] = mailbox.listed("")
    box.forget_validity()
    time_passes = int(time.time())
    wait_until(lambda: int(time.time()) > time_passes, "another second: UIDVALIDITY is made of it")
    with open_mailbox(made(dovecot, box, "imap")) as mailbox:
        [after] = mailbox.listed(before.mark)
    assert len(after.messages) == 1
    assert after.messages[0].key != before.messages[0].key


def test_when_it_arrived(dovecot: Dovecot, box: Box) -> None:
    at = datetime(2020, 3, 1, 12, tzinfo=UTC)
    box.put(mail(1), arrived=at.timestamp())
    with open_mailbox(made(dovecot, box, "imap")) as mailbox:
        [found] = listed(mailbox)
    assert found.arrived is not None
    assert abs(found.arrived - at) < timedelta(seconds=1)


def test_it_stays_unread(dovecot: Dovecot, box: Box) -> None:
    box.put(mail(1))
    with open_mailbox(made(dovecot, box, "imap")) as mailbox:
        list(mailbox.fetch(listed(mailbox)))
    assert not [path for path in (box.folder / "cur").glob("*") if "S" in path.name.partition(":2,")[2]]


def test_moved_to_a_folder_that_is_made(dovecot: Dovecot, box: Box) -> None:
    for number in range(2):
        box.put(mail(number))
    with open_mailbox(made(dovecot, box, "imap")) as mailbox:
        mailbox.move([listed(mailbox)[0].key], "Processed")
        assert mailbox.folders() == ["INBOX", "Processed"]
    assert box.mails() == [mail(1)]
    assert box.mails("Processed") == [mail(0)]


def test_keys_of_another_server_folder_or_validity_mean_nothing(dovecot: Dovecot, box: Box) -> None:
    box.put(mail(1))
    with open_mailbox(made(dovecot, box, "imap")) as mailbox:
        key = listed(mailbox)[0].key
        place, validity, uid, _ = key.split("/")
        others = [
            f"{place}/{validity}/{uid}/Other",
            f"{place}/{int(validity) + 1}/{uid}/INBOX",
            f"x/{validity}/{uid}/INBOX",
        ]
        mailbox.delete([*others, f"{validity}/{uid}/INBOX", uid, ""])
    assert box.mails() == [mail(1)]


def test_the_server_tells_when_mail_arrives(dovecot: Dovecot, box: Box) -> None:
    with ImapMailbox(made(dovecot, box, "imap")) as mailbox:
        assert mailbox.can_wait
        assert not mailbox.begin_idle()
        box.put(mail(1))
        wait_until(lambda: readable(mailbox) and mailbox.heard(), "news of the mailbox")
        mailbox.end_idle()
        assert len(listed(mailbox)) == 1


def test_mail_that_an_earlier_answer_told_of_is_news_when_the_waiting_begins(dovecot: Dovecot, box: Box) -> None:
    with ImapMailbox(made(dovecot, box, "imap")) as mailbox:
        assert listed(mailbox) == []
        box.put(mail(1))
        wait_until(lambda: mailbox.count() == 1, "the server to tell of it in an answer to something else")
        assert mailbox.begin_idle()
        mailbox.end_idle()
        assert len(listed(mailbox)) == 1


def test_a_server_that_goes_is_noticed_while_waiting(mail_authority: Any) -> None:
    """Of a server of its own, because it is stopped."""
    with running(mail_authority) as server:
        mailbox = ImapMailbox(made(server, server.box(), "imap"))
        mailbox.open()
        mailbox.begin_idle()
        server.stop()
        with pytest.raises(MailboxTrouble) as told:
            wait_until(lambda: readable(mailbox) and mailbox.heard(), "the end")
        mailbox.abandon()
    assert told.value.kind is TroubleKind.UNREACHABLE


def readable(mailbox: ImapMailbox) -> bool:
    return bool(select.select([mailbox.socket], [], [], 0)[0])


# --- trouble ---


def trouble(settings: MailboxSettings, work: Callable[[Mailbox], Any] = lambda mailbox: None) -> MailboxTrouble:
    with pytest.raises(MailboxTrouble) as told, open_mailbox(settings) as mailbox:
        work(mailbox)
    return told.value


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_wrong_password(dovecot: Dovecot, box: Box, protocol: str) -> None:
    told = trouble(made(dovecot, box, protocol, secret="wrong"))
    assert told.kind is TroubleKind.AUTH
    assert box.user in told.words
    assert "wrong" not in told.words


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nobody_listens(dovecot: Dovecot, box: Box, protocol: str) -> None:
    told = trouble(made(dovecot, box, protocol, port=free_port()))
    assert told.kind is TroubleKind.UNREACHABLE
    assert "127.0.0.1 port" in told.words


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_such_host(dovecot: Dovecot, box: Box, protocol: str) -> None:
    assert trouble(made(dovecot, box, protocol, host="nosuch.invalid")).kind is TroubleKind.UNREACHABLE


def test_no_such_folder(dovecot: Dovecot, box: Box) -> None:
    told = trouble(made(dovecot, box, "imap", folder="Nowhere"))
    assert (told.kind, "Nowhere" in told.words) == (TroubleKind.FOLDER, True)


SECURE = [("imap", "tls", "imap"), ("imap", "ssl", "imaps"), ("pop3", "tls", "pop3"), ("pop3", "ssl", "pop3s")]


@pytest.mark.parametrize(("protocol", "security", "port"), SECURE)
def test_tls_is_verified(
    dovecot: Dovecot,
    box: Box,
    protocol: str,
    security: str,
    port: str,
    mail_authority: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box.put(mail(1))
    wanted = made(dovecot, box, protocol, secure=True, security=security, port=getattr(dovecot, port))
    told = trouble(wanted)
    assert told.kind is TroubleKind.TLS
    assert "not trusted" in told.words
    trust(monkeypatch, mail_authority, tmp_path)
    with open_mailbox(wanted) as mailbox:
        assert mailbox.count() == 1


@pytest.mark.parametrize(("protocol", "security", "port"), SECURE)
def test_certificate_errors_are_ignored_where_the_account_says_so(
    dovecot: Dovecot, box: Box, protocol: str, security: str, port: str
) -> None:
    careless = {"secure": True, "security": security, "ignore_certificate_errors": True}
    with open_mailbox(made(dovecot, box, protocol, port=getattr(dovecot, port), **careless)) as mailbox:
        assert mailbox.count() == 0


def test_the_dialogue_is_told_without_the_secret(settings: MailboxSettings, box: Box) -> None:
    box.put(mail(1))
    lines: list[Line] = []
    with open_mailbox(settings, lines.append) as mailbox:
        list(mailbox.fetch(listed(mailbox)))
        assert mailbox.count() == 1
    assert all(line.text for line in lines)
    assert [line.who for line in lines[-2:]] == ["client", "server"]
    told = "\n".join(f"{line.who}: {line.text}" for line in lines)
    assert "Dovecot" in told
    assert "***" in told
    assert "s3cret" not in told
    assert ("LOGOUT" in told) or ("QUIT" in told)


def test_large_messages_are_fetched_alone() -> None:
    sizes = [10, CHUNK_OCTETS, 10, 10]
    found = [[message.size for message in chunk] for chunk in chunks([Listed(str(size), size) for size in sizes])]
    assert found == [[10], [CHUNK_OCTETS], [10, 10]]
    assert [len(chunk) for chunk in chunks([Listed("", 1)] * 250)] == [100, 100, 50]
