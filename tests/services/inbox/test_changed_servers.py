"""An account that changes to another server, whose mail has the same numbers: nothing is lost, or deleted unread."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.peers.mailbox_script import ScriptedMailbox
from tests.services.inbox.conftest import kept, mail
from webapp import clock
from webapp.extensions import db
from webapp.models import InboxProgress
from webapp.services import configuration
from webapp.services.inbox import accounts, checking

HERE = {1: mail(1), 2: mail(2)}
THERE = {1: mail(11), 2: mail(12), 3: mail(13)}


def subjects() -> list[str]:
    return [row.subject for row in kept()]


@pytest.fixture
def servers(protocol):
    with ScriptedMailbox(protocol, HERE) as first, ScriptedMailbox(protocol, THERE) as second:
        yield first, second


def change(number, **fields):
    configuration.save("inbox_accounts", fields, number)


def test_the_mail_of_the_second_is_new_and_that_of_the_first_is_not_lost(any_ctx, make_inbox, protocol, servers):
    first, second = servers
    number = make_inbox(protocol=protocol, port=first.port)
    assert checking.check(number).stored == 2
    change(number, port=second.port)
    assert checking.check(number).stored == 3
    assert subjects() == ["mail 1", "mail 2", "mail 11", "mail 12", "mail 13"]
    change(number, port=first.port)
    first.mails[3] = mail(3)
    assert checking.check(number).stored == 1
    assert checking.check(number).found == 0
    assert subjects()[5:] == ["mail 3"]


def test_nothing_is_deleted_that_only_has_the_number_of_what_is_committed(ctx, make_inbox, protocol, servers):
    first, second = servers
    number = make_inbox(protocol=protocol, port=first.port)
    checking.check(number)
    assert accounts.kept_on_server(db.session(), number) == 2
    change(number, port=second.port, keep_copy=False)
    assert accounts.kept_on_server(db.session(), number) == 0
    second.script["body" if protocol == "imap" else "retr"] = (
        b"TAG NO [UNAVAILABLE] later" if protocol == "imap" else b"-ERR [SYS/TEMP] later"
    )
    checking.check(number)
    assert (first.mails, second.mails) == (HERE, THERE)
    second.script.clear()
    assert checking.check(number).removed == 3
    assert (first.mails, second.mails) == (HERE, {})
    change(number, port=first.port)
    told = checking.check(number)
    assert (told.stored, told.removed, first.mails) == (0, 2, {})
    assert len(kept()) == 5


def test_what_is_too_large_or_older_stays_on_both(ctx, make_inbox, protocol, servers, monkeypatch):
    monkeypatch.setattr(checking, "LARGEST", 1000)
    soon = (clock.now() + timedelta(minutes=1)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    for server, long in zip(servers, (2000, 3000), strict=True):
        large, old = mail(1, X_Long="x" * long), mail(2, Date="Thu, 01 Jan 2026 12:00:00 +0000")
        server.mails = {1: large, 2: old, 3: mail(long, Date=soon)}
        server.dates = {2: datetime(2026, 1, 1, tzinfo=UTC), 3: clock.now() + timedelta(minutes=1)}
        server.dates[1] = server.dates[3]
    first, second = servers
    number = make_inbox(protocol=protocol, port=first.port, keep_copy=False, ignore_older=True)
    for server in (first, second, first):
        change(number, port=server.port)
        told = checking.check(number)
        assert (told.trouble, list(server.mails)) == (None, [1, 2])
        assert (told.stored, told.skipped, told.too_large) in ((1, 1, 1), (0, 0, 0))
    assert sorted(row.size for row in kept() if row.state == "too_large") == [
        len(server.mails[1]) for server in (first, second)
    ]
    assert len(kept()) == 4


@pytest.mark.parametrize("keep_copy", [True, False])
def test_a_server_that_gets_another_name_is_read_again_and_nothing_is_imported_twice(
    any_ctx, make_inbox, protocol, keep_copy, monkeypatch
):
    monkeypatch.setattr(checking, "LARGEST", 1000)
    twins = {1: mail(1), 2: mail(1), 3: mail(2), 4: mail(3, X_Long="x" * 2000)}
    with ScriptedMailbox(protocol, twins) as server:
        number = make_inbox(protocol=protocol, port=server.port)
        told = checking.check(number)
        assert (told.stored, told.too_large) == (3, 1)
        change(number, host="localhost", keep_copy=keep_copy)
        told = checking.check(number)
        assert (told.found, told.stored, told.removed) == (4, 0, 0 if keep_copy else 3)
        assert len(kept()) == 4
        assert list(server.mails) == ([1, 2, 3, 4] if keep_copy else [4])
        assert checking.check(number).found == 0


def test_what_is_kept_of_one_folder_stays_there_while_the_account_reads_another(any_ctx, make_inbox, box):
    """It is removed once the account reads that one again without keeping a copy."""
    folders = ("INBOX", "c", "b.c")
    for place, folder in enumerate(("", "c", "b.c")):
        box.put(mail(place), folder=folder)
    number = make_inbox()
    for folder in folders:
        change(number, folder=folder)
        assert checking.check(number).stored == 1
        assert accounts.kept_on_server(db.session(), number) == 1
    change(number, folder="c", keep_copy=False)
    assert checking.check(number).removed == 1
    assert [len(box.mails(folder)) for folder in ("", "c", "b.c")] == [1, 0, 1]
    for folder in ("b.c", "INBOX"):
        change(number, folder=folder)
        assert checking.check(number).removed == 1
    assert [len(box.mails(folder)) for folder in ("", "c", "b.c")] == [0, 0, 0]
    assert len(kept()) == 3


def test_a_folder_within_another_is_not_one_of_its_last_name(any_ctx, make_inbox):
    with ScriptedMailbox("imap", HERE) as server:
        number = make_inbox(port=server.port, folder="b%/c")
        checking.check(number)
        assert accounts.kept_on_server(db.session(), number) == 2
        for other in ("c", "b%", "%/c", "bx/c"):
            change(number, folder=other)
            assert accounts.kept_on_server(db.session(), number) == 0


def test_the_case_of_a_name_changes_nothing(ctx, make_inbox, protocol):
    with ScriptedMailbox(protocol, HERE) as server:
        number = make_inbox(protocol=protocol, port=server.port, host="localhost")
        checking.check(number)
        change(number, host="LocalHost")
        assert checking.check(number).found == 0


def test_the_other_protocol_of_the_same_server_imports_nothing_twice(ctx, make_inbox, dovecot, box):
    box.put(mail(1))
    number = make_inbox()
    checking.check(number)
    box.put(mail(2))
    change(number, protocol="pop3", port=dovecot.pop3, keep_copy=False)
    told = checking.check(number)
    assert (told.found, told.stored, told.removed) == (2, 1, 2)
    assert (subjects(), box.mails()) == (["mail 1", "mail 2"], [])


def test_names_from_before_servers_were_told_apart_mean_nothing_any_more(ctx, make_inbox, box):
    """Mail is read again once, and known by its content."""
    box.put(mail(1))
    number = make_inbox()
    checking.check(number)
    [row] = kept()
    old = row.server_key.partition("/")[2]
    row.server_key = old
    db.session.get_one(InboxProgress, number).mark = old.rpartition("/")[0]
    db.session.commit()
    told = checking.check(number)
    assert (told.found, told.stored, told.trouble) == (1, 0, None)
    assert checking.check(number).found == 0
