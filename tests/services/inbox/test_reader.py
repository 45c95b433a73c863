"""The reader of a process: accounts are read when they are due, and at once where the server tells of new mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.peers import free_port, wait_until
from tests.reading import reading
from tests.services.inbox.conftest import kept, mail
from webapp import clock
from webapp.errors import DatabaseBusy
from webapp.extensions import db
from webapp.mailboxes.base import MailboxTrouble, TroubleKind
from webapp.mailboxes.imap import ImapMailbox
from webapp.models import InboxProgress, Lease
from webapp.services import configuration
from webapp.services.inbox import accounts, checking, due, store
from webapp.services.inbox.listening import Listening
from webapp.services.inbox.reader import Reader


@pytest.fixture
def reader(any_ctx) -> Iterator[Reader]:
    with reading(any_ctx) as made:
        yield made


def listening() -> bool:
    """An account is being read or listened to."""
    db.session.rollback()
    return bool(db.session.scalars(select(Lease).where(Lease.name.like("inbox:%"))).all())


def test_an_account_is_read_by_itself_and_news_have_their_effect_at_once(reader, make_inbox, box):
    box.put(mail(1))
    make_inbox(interval_seconds=3600)
    wait_until(lambda: len(kept()) == 1, "the first mail")
    box.put(mail(2))
    wait_until(lambda: len(kept()) == 2, "the second mail, which the server told of")
    assert listening()


def test_a_server_that_lets_nobody_listen_is_read_at_its_interval(any_ctx, make_inbox, box, monkeypatch):
    """Not again and again, as one that is to be listened to."""

    def refuse(_mailbox):
        raise MailboxTrouble(TroubleKind.PROTOCOL, "The server answered: NO")

    monkeypatch.setattr(ImapMailbox, "begin_idle", refuse)
    number = make_inbox(interval_seconds=3600)
    with reading(any_ctx):
        wait_until(lambda: not listening() and progress(number).succeeded_at, "the first check")
    later = clock.now() + timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert due.numbers(db.session()) == []


def test_an_account_that_tells_no_more_is_read_at_its_interval_again(any_ctx, make_inbox, box, dovecot):
    number = make_inbox(interval_seconds=3600)
    with reading(any_ctx):
        wait_until(lambda: progress(number).tells, "the note that it tells")
    configuration.save("inbox_accounts", {"protocol": "pop3", "port": dovecot.pop3}, number)
    with reading(any_ctx):
        wait_until(lambda: progress(number).checked_at and not progress(number).tells, "the note that it does not")


def test_a_check_that_fails_for_a_reason_of_ours_is_done_again(any_ctx, make_inbox, box, monkeypatch):
    """Its lease is given back: the heartbeat would keep it for ever."""
    tries = []
    real = store.keep

    def busy_once(*given, **named):
        tries.append(1)
        if len(tries) == 1:
            raise DatabaseBusy("busy")
        return real(*given, **named)

    monkeypatch.setattr(store, "keep", busy_once)
    box.put(mail(1))
    make_inbox(interval_seconds=1)
    with reading(any_ctx):
        wait_until(lambda: len(kept()) == 1, "the mail, at the second try")


def test_news_that_cannot_be_read_for_a_reason_of_ours_are_read_later(any_ctx, make_inbox, box, monkeypatch):
    number = make_inbox(interval_seconds=1)
    with reading(any_ctx):
        wait_until(lambda: progress(number).tells, "the reader to listen")
        real = accounts.read
        tries = []

        def busy_once(*given):
            tries.append(1)
            if len(tries) == 1:
                raise DatabaseBusy("busy")
            return real(*given)

        monkeypatch.setattr(accounts, "read", busy_once)
        box.put(mail(1))
        wait_until(lambda: len(kept()) == 1, "the mail, at the second try")


def progress(number):
    db.session.rollback()
    return db.session.get(InboxProgress, number, populate_existing=True) or InboxProgress()


def test_pop3_is_read_at_its_interval(reader, make_inbox, box):
    box.put(mail(1))
    make_inbox(protocol="pop3", interval_seconds=1)
    wait_until(lambda: len(kept()) == 1, "the first mail")
    box.put(mail(2))
    wait_until(lambda: len(kept()) == 2, "the second mail")


def test_an_account_that_changes_is_read_as_it_is_now(reader, make_inbox, box):
    number = make_inbox(interval_seconds=1)
    wait_until(listening, "the reader to listen")
    configuration.save("inbox_accounts", {"enabled": False}, number)
    wait_until(lambda: not listening(), "the reader to hang up")
    box.put(mail(1))
    configuration.save("inbox_accounts", {"enabled": True}, number)
    wait_until(lambda: len(kept()) == 1, "the mail")


def test_one_account_in_trouble_does_not_keep_others_waiting(reader, make_inbox, box):
    make_inbox("Broken", port=free_port(), interval_seconds=1)
    make_inbox("Good", interval_seconds=1)
    box.put(mail(1))
    wait_until(lambda: len(kept()) == 1, "the mail of the good account")
    wait_until(lambda: db.session.rollback() or troubles() == 1, "the trouble of the other")


def troubles() -> int:
    return len(db.session.scalars(select(InboxProgress).where(InboxProgress.failures > 0)).all())


def test_two_readers_share_the_accounts_and_read_nothing_twice(any_ctx, reader, make_inbox, box):
    with reading(any_ctx):
        for number in range(30):
            box.put(mail(number))
        make_inbox(interval_seconds=1)
        wait_until(lambda: len(kept()) == 30, "all mails")
        for number in range(30, 40):
            box.put(mail(number))
        wait_until(lambda: len({row.subject for row in kept()}) == 40, "those that came later, each understood")
    assert len(kept()) == 40


@pytest.fixture
def soon(monkeypatch):
    """What nobody listens to any more is taken up again sooner than people would notice."""
    monkeypatch.setattr(due, "TAKEN_UP_AFTER", timedelta(seconds=0.3))


def test_who_wants_to_check_an_account_that_is_listened_to_does_and_then_it_is_listened_to_again(
    reader, make_inbox, box, soon, monkeypatch
):
    number = make_inbox(interval_seconds=3600)
    wait_until(listening, "the reader to listen")
    with monkeypatch.context() as deaf:
        deaf.setattr(reader._listening, "_on_news", lambda number, mailbox: mailbox.abandon())
        box.put(mail(1))
        assert checking.check(number).trouble is None
    assert len(kept()) == 1
    wait_until(listening, "the reader to listen again, long before the interval is over")
    box.put(mail(2))
    wait_until(lambda: len(kept()) == 2, "the second mail, which the server told of")


def test_a_process_that_starts_listens_at_once_whatever_the_interval(any_ctx, make_inbox, box, soon):
    with reading(any_ctx):
        make_inbox(interval_seconds=3600)
        wait_until(listening, "the reader to listen")
        wait_until(lambda: progress(1).tells, "the note that it does")
    box.put(mail(1))
    with reading(any_ctx):
        wait_until(lambda: len(kept()) == 1, "the mail that came while nobody listened")


def test_after_a_stop_nothing_is_held(any_ctx, make_inbox, box):
    with reading(any_ctx):
        make_inbox()
        wait_until(listening, "the reader to listen")
    assert not listening()


def test_an_account_that_is_switched_off_is_let_go_of_however_much_news_it_has(any_ctx, make_inbox, box, monkeypatch):
    box.put(mail(1))
    number = make_inbox(interval_seconds=3600)
    monkeypatch.setattr(Listening, "keep_only", lambda *_: None)  # it is never seen listened to
    with reading(any_ctx):
        wait_until(lambda: len(kept()) == 1 and listening(), "the first mail")
        configuration.save("inbox_accounts", {"enabled": False}, number)
        box.put(mail(2))
        wait_until(lambda: not listening(), "the reader to hang up")
    assert len(kept()) == 1


def test_an_account_that_is_deleted_while_it_is_read_is_no_error(any_ctx, make_inbox, box, monkeypatch, caplog):
    box.put(mail(1))
    number = make_inbox(interval_seconds=3600)
    real = store.keep

    def deleted_meanwhile(*given, **named):
        configuration.remove("inbox_accounts", number)
        return real(*given, **named)

    monkeypatch.setattr(store, "keep", deleted_meanwhile)
    with caplog.at_level("INFO"), reading(any_ctx):
        wait_until(lambda: "was deleted meanwhile" in caplog.text, "the note that it is gone")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(box.mails()) == 1


def test_news_of_a_server_that_the_account_does_not_read_any_more_are_left_there(any_ctx, make_inbox, box, monkeypatch):
    """What the account says now, such as to keep no copy, is not meant for the server that it named before."""
    box.put(mail(1))
    number = make_inbox(interval_seconds=3600)
    monkeypatch.setattr(Listening, "keep_only", lambda *_: None)  # as if the news came just before
    with reading(any_ctx):
        wait_until(lambda: len(kept()) == 1 and listening(), "the first mail")
        configuration.save("inbox_accounts", {"host": "nosuch.invalid", "keep_copy": False}, number)
        box.put(mail(2))
        wait_until(lambda: not listening() or len(box.mails()) < 2, "the reader to hang up")
    assert (len(kept()), len(box.mails())) == (1, 2)
