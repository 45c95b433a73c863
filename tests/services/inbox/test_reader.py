"""The reader of a process: accounts are read when they are due, and at once where the server tells of new mail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from tests.peers import free_port, wait_until
from tests.services.inbox.conftest import kept, mail
from webapp.extensions import db
from webapp.models import InboxProgress, Lease
from webapp.services import configuration
from webapp.services.inbox.reader import Reader


@pytest.fixture
def reader(any_ctx) -> Iterator[Reader]:
    made = Reader(any_ctx)
    made.start()
    yield made
    made.stop()


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
    other = Reader(any_ctx)
    other.start()
    try:
        for number in range(30):
            box.put(mail(number))
        make_inbox(interval_seconds=1)
        wait_until(lambda: len(kept()) == 30, "all mails")
        for number in range(30, 40):
            box.put(mail(number))
        wait_until(lambda: len({row.subject for row in kept()}) == 40, "those that came later, each understood")
    finally:
        other.stop()
    assert len(kept()) == 40


def test_after_a_stop_nothing_is_held(any_ctx, make_inbox, box):
    made = Reader(any_ctx)
    made.start()
    make_inbox()
    wait_until(listening, "the reader to listen")
    made.stop()
    assert not listening()


def test_news_of_a_server_that_the_account_does_not_read_any_more_are_left_there(any_ctx, make_inbox, box, monkeypatch):
    """What the account says now, such as to keep no copy, is not meant for the server that it named before."""
    box.put(mail(1))
    number = make_inbox(interval_seconds=3600)
    made = Reader(any_ctx)
    monkeypatch.setattr(made._listening, "keep_only", lambda revisions: None)  # as if the news came just before
    made.start()
    wait_until(lambda: len(kept()) == 1 and listening(), "the first mail")
    configuration.save("inbox_accounts", {"host": "nosuch.invalid", "keep_copy": False}, number)
    box.put(mail(2))
    wait_until(lambda: not listening() or len(box.mails()) < 2, "the reader to hang up")
    made.stop()
    assert (len(kept()), len(box.mails())) == (1, 2)
