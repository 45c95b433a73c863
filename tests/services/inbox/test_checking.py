"""One check of one account against Dovecot: everything is kept once, nothing is deleted before, nothing is lost."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from tests.peers import free_port, wait_until
from tests.services.inbox.conftest import kept, mail
from webapp import clock
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.mailboxes.base import MailboxTrouble, TroubleKind
from webapp.models import InboundRaw, InboxAccount, InboxProgress
from webapp.services import configuration
from webapp.services.inbox import accounts, checking, due, health, store
from webapp.services.unit import write


def raws() -> list[bytes]:
    return list(db.session.scalars(select(InboundRaw.raw).order_by(InboundRaw.inbound_id)))


def test_everything_is_kept_as_it_is_and_stays_on_the_server(any_ctx, make_inbox, box, protocol):
    mails = [mail(number) for number in range(120)]
    for raw in mails:
        box.put(raw)
    told = checking.check(make_inbox(protocol=protocol))
    assert (told.found, told.stored, told.removed, told.trouble) == (120, 120, 0, None)
    assert raws() == mails
    assert len(box.mails()) == 120
    rows = kept()
    assert [(row.subject, row.sender, row.state, row.kind) for row in rows[:1]] == [
        ("mail 0", "a@corp.example", "processed", "other")
    ]


def test_the_second_check_reads_only_what_is_new(ctx, make_inbox, box, protocol):
    number = make_inbox(protocol=protocol)
    box.put(mail(1))
    checking.check(number)
    box.put(mail(2))
    told = checking.check(number)
    assert (told.found, told.stored) == (1, 1)
    assert [row.subject for row in kept()] == ["mail 1", "mail 2"]
    assert checking.check(number).found == 0


def test_without_a_copy_everything_that_is_kept_goes_also_what_was_kept_earlier(ctx, make_inbox, box, protocol):
    number = make_inbox(protocol=protocol)
    box.put(mail(1))
    checking.check(number)
    configuration.save("inbox_accounts", {"keep_copy": False}, number)
    box.put(mail(2))
    told = checking.check(number)
    assert told.removed == 2
    assert box.mails() == []
    assert raws() == [mail(1), mail(2)]
    assert checking.check(number).removed == 0


def test_moved_to_a_folder_instead(ctx, make_inbox, box):
    number = make_inbox(keep_copy=False, move_to="Processed")
    box.put(mail(1))
    assert checking.check(number).removed == 1
    assert (box.mails(), box.mails("Processed")) == ([], [mail(1)])
    configuration.save("inbox_accounts", {"folder": "Processed", "move_to": "Archive"}, number)
    assert checking.check(number).stored == 0
    assert box.mails("Archive") == [mail(1)]


def test_nothing_is_deleted_that_is_not_committed(ctx, make_inbox, box, protocol, monkeypatch):
    """A full disk: the mail stays where it is, and is read when there is room again."""
    number = make_inbox(protocol=protocol, keep_copy=False)
    box.put(mail(1))

    def full(*_args, **_options):
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(store, "insert_rows", full)
        with pytest.raises(OSError, match="disk full"):
            checking.check(number)
    assert box.mails() == [mail(1)]
    assert checking.check(number).stored == 1
    assert box.mails() == []


def test_two_mails_with_the_same_octets_are_two_mails(ctx, make_inbox, box, protocol):
    number = make_inbox(protocol=protocol)
    box.put(mail(1))
    box.put(mail(1))
    if protocol == "imap":
        assert checking.check(number).stored == 2
    else:
        checking.check(number)
    assert len(kept()) == 2
    assert checking.check(number).found == 0


def test_another_uidvalidity_imports_nothing_twice(ctx, make_inbox, box):
    number = make_inbox(keep_copy=False)
    configuration.save("inbox_accounts", {"keep_copy": True}, number)
    for one in range(3):
        box.put(mail(one))
    checking.check(number)
    box.forget_validity()
    began = int(clock.now().timestamp())
    wait_until(lambda: int(clock.now().timestamp()) > began, "another second: UIDVALIDITY is made of it")
    box.put(mail(3))
    told = checking.check(number)
    assert (told.found, told.stored) == (4, 1)
    assert [row.subject for row in kept()] == [f"mail {one}" for one in range(4)]
    configuration.save("inbox_accounts", {"keep_copy": False}, number)
    assert checking.check(number).removed == 4
    assert box.mails() == []


def test_what_is_older_than_the_account_is_passed_over_and_not_asked_for_again(ctx, make_inbox, box, protocol):
    number = make_inbox(protocol=protocol, ignore_older=True, keep_copy=False)
    long_ago = clock.now() - timedelta(days=30)
    box.put(mail(1, Date=long_ago.strftime("%a, %d %b %Y %H:%M:%S +0000")), arrived=long_ago.timestamp())
    soon = clock.now() + timedelta(minutes=1)
    box.put(mail(2, Date=soon.strftime("%a, %d %b %Y %H:%M:%S +0000")), arrived=soon.timestamp())
    told = checking.check(number)
    assert (told.stored, told.skipped) == (1, 1)
    assert [row.subject for row in kept()] == ["mail 2"]
    assert len(box.mails()) == 1
    assert checking.check(number).found == 0


def test_what_arrives_in_the_second_in_which_the_account_is_made_is_read(ctx, make_inbox, box):
    """Its server tells that second, and nothing more exact."""
    number = make_inbox(ignore_older=True)
    made = db.session.scalars(select(InboxAccount.created_at)).one()
    box.put(mail(1), arrived=made.replace(microsecond=0).timestamp())
    assert checking.check(number).stored == 1


def test_what_is_too_large_is_noted_and_left_where_it_is(ctx, make_inbox, box, protocol, monkeypatch):
    monkeypatch.setattr(checking, "LARGEST", 1000)
    number = make_inbox(protocol=protocol, keep_copy=False)
    box.put(mail(1, X_Long="x" * 2000))
    box.put(mail(2))
    told = checking.check(number)
    assert (told.too_large, told.stored) == (1, 1)
    assert sorted(row.state for row in kept()) == ["processed", "too_large"]
    assert len(box.mails()) == 1
    assert checking.check(number).found == 0


def test_trouble_is_told_and_noted_and_costs_other_accounts_nothing(ctx, make_inbox, box, protocol):
    number = make_inbox(protocol=protocol)
    configuration.save("inbox_accounts", {"port": free_port()}, number)
    told = checking.check(number)
    assert told.trouble is not None
    row = db.session.get_one(InboxProgress, number, populate_existing=True)
    assert (row.failures, row.kind, row.retry_at is not None) == (1, "unreachable", True)
    assert number not in due.numbers(db.session())


def test_one_check_at_a_time(ctx, make_inbox, box, monkeypatch):
    monkeypatch.setattr(checking, "PATIENCE_SECONDS", 0.1)
    number = make_inbox()
    box.put(mail(1))
    refused = []

    def meanwhile(_progress):
        with pytest.raises(Conflict):
            checking.check(number)
        refused.append(True)

    checking.check(number, on_progress=meanwhile)
    assert refused


def test_two_who_make_the_progress_of_an_account_at_once_make_one(any_ctx, make_inbox):
    number = make_inbox()
    failed = []
    for _ in range(8):
        with write() as session:
            session.execute(delete(InboxProgress))
        together = threading.Barrier(2)

        def make(work, together=together):
            with any_ctx.app_context():
                together.wait(10)
                try:
                    work()
                except Exception as error:
                    failed.append(error)

        works = (lambda: health.want([number]), lambda: health.begun(number))
        threads = [threading.Thread(target=make, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []


def test_an_account_that_is_not_there(ctx):
    with pytest.raises(NotFound):
        checking.check(7)


def test_when_an_account_is_due(ctx, make_inbox, box):
    number = make_inbox(interval_seconds=60)
    assert due.numbers(db.session()) == [number]
    checking.check(number)
    assert due.numbers(db.session()) == []
    configuration.save("inbox_accounts", {"automatic_check": False}, number)
    assert due.numbers(db.session()) == []


def test_a_process_that_dies_in_a_check_leaves_the_account_due(any_ctx, make_inbox):
    number = make_inbox(protocol="pop3", interval_seconds=3600)
    health.begun(number)
    assert due.numbers(db.session()) == [number]
    checking.check(number)
    assert due.numbers(db.session()) == []


@pytest.mark.parametrize("what", ["inbox_accounts", "credentials"])
def test_what_an_old_setting_met_with_is_not_held_against_the_new_one(any_ctx, make_inbox, what):
    """Somebody puts the password right while the sign-in with the wrong one still goes on."""
    number = make_inbox()
    account, began = accounts.read(db.session(), number), health.begun(number)
    change = {"host": "mail.example"} if what == "inbox_accounts" else {"secret": {"value": "right"}}
    configuration.save(what, change, 1)
    health.ended(account, began, MailboxTrouble(TroubleKind.AUTH, "wrong password"))
    assert due.numbers(db.session()) == [number]
    row = db.session.get(InboxProgress, number, populate_existing=True)
    assert (row.failures, row.words) == (0, "")


def test_a_change_during_a_check_lets_the_next_one_follow_at_once(any_ctx, make_inbox, box):
    box.put(mail(1))
    number = make_inbox(interval_seconds=3600)
    checking.check(number, on_progress=lambda _: configuration.save("inbox_accounts", {"ignore_older": True}, number))
    assert due.numbers(db.session()) == [number]


def test_no_mail_came_in_tomorrow(ctx, make_inbox, box):
    box.put(mail(1, Date="Tue, 01 Jan 2097 12:00:00 +0000"))
    checking.check(make_inbox(protocol="pop3"))
    assert kept()[0].received_at <= clock.now()
