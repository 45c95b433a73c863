"""Checks of servers that do wrong: no part of a mail is kept, none is lost, and none is read twice."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from tests.peers.mailbox_script import Drop, Ordinary, Raw, ScriptedMailbox, Then
from tests.services.inbox.conftest import kept, mail, sent_message
from tests.services.inbox.letters import report
from webapp import clock
from webapp.extensions import db
from webapp.mailboxes import base
from webapp.models import InboundRaw, InboxProgress, Message
from webapp.services import configuration
from webapp.services.inbox import checking, due

MAILS = {number: mail(number, X_Pad="x" * number) for number in range(1, 6)}
SUBJECTS = [f"mail {number}" for number in MAILS]


def subjects() -> list[str]:
    return sorted(row.subject for row in kept())


def noted(number) -> InboxProgress:
    return db.session.get_one(InboxProgress, number, populate_existing=True)


def later_all_is_read_once(number, server):
    server.script.clear()
    assert checking.check(number).trouble is None
    assert subjects() == SUBJECTS
    assert checking.check(number).found == 0
    assert list(db.session.scalars(select(func.count()).select_from(InboundRaw))) == [5]


CUT = {
    "imap": ("body", Then((Raw(b"* 1 FETCH (UID 3 BODY[] {1000000}\r\nFrom: " + b"x" * 10_000), Drop()))),
    "pop3": ("retr", Then((Raw(b"+OK\r\nFrom: x\r\nSubject: mail 3\r\n\r\nwor"), Drop()))),
}


def test_a_cut_in_a_mail(any_ctx, make_inbox, protocol, monkeypatch):
    monkeypatch.setattr(base, "CHUNK_MESSAGES", 2)
    monkeypatch.setattr(checking, "GROUP_MESSAGES", 2)
    stage, cut = CUT[protocol]
    before = 1 if protocol == "imap" else 2
    with ScriptedMailbox(protocol, MAILS, **{stage: [*[Ordinary()] * before, cut]}) as server:
        number = make_inbox(protocol=protocol, port=server.port, keep_copy=False)
        told = checking.check(number)
        assert (told.trouble.kind, told.stored, told.removed) == ("unreachable", 2, 0)
        assert subjects() == SUBJECTS[:2]
        assert server.mails == MAILS
        later_all_is_read_once(number, server)
        assert server.mails == {}


REFUSED = {
    ("imap", "body"): {"FETCH 3 ": b"TAG NO [SERVERBUG] no", "1:5": b"TAG NO no", "1,2": b"TAG NO no", "": Ordinary()},
    ("imap", "size"): {"FETCH 3 ": b"TAG NO [SERVERBUG] no", "1:5": b"TAG NO no", "1,2": b"TAG NO no", "": Ordinary()},
    ("pop3", "retr"): {"RETR 3": b"-ERR [SYS/TEMP] no", "": Ordinary()},
    ("pop3", "top"): {"TOP 3": b"-ERR no", "": Ordinary()},
}


@pytest.mark.parametrize(("protocol", "stage"), REFUSED)
def test_what_the_server_withholds_is_asked_for_again(ctx, make_inbox, protocol, stage):
    script = {stage: REFUSED[protocol, stage]}
    if stage == "top":
        script |= {"uidl": b"-ERR", "retr": {"RETR 3": b"-ERR no", "": Ordinary()}}
    with ScriptedMailbox(protocol, MAILS, **script) as server:
        number = make_inbox(protocol=protocol, port=server.port)
        told = checking.check(number)
        assert (told.trouble, told.stored, told.withheld) == (None, 4, 1)
        told = checking.check(number)
        assert (told.trouble, told.stored, told.withheld) == (None, 0, 1)
        assert "no" in noted(number).refusal
        later_all_is_read_once(number, server)
        assert (noted(number).withheld, noted(number).refusal) == (0, "")


def test_a_mail_that_is_withheld_keeps_no_later_one_waiting(ctx, make_inbox, protocol):
    """Also where it was the only new one: the account is well, and is read on as ever."""
    refusal = {"body": {"FETCH 1 ": b"TAG NO no", "": Ordinary()}, "retr": {"RETR 1": b"-ERR no", "": Ordinary()}}
    with ScriptedMailbox(protocol, {1: MAILS[1]}, **refusal) as server:
        number = make_inbox(protocol=protocol, port=server.port)
        told = checking.check(number)
        assert (told.trouble, told.withheld) == (None, 1)
        assert noted(number).retry_at is None
        server.mails[2] = MAILS[2]
        server.script["body"] = {"FETCH 1": b"TAG NO no", "": Ordinary()}
        told = checking.check(number)
        assert (told.trouble, told.stored, told.withheld) == (None, 1, 1)


# What the server says of names, and what it says when the first mail is gone.
MINIMUM = {"uidl": b"-ERR", "capa": b"-ERR", "top": b"-ERR"}
UNNAMED = {
    "the minimum": (MINIMUM, MINIMUM),
    "a name twice": ({"uidl": Raw(b"+OK\r\n1 a\r\n2 a\r\n3 b\r\n.\r\n")}, {"uidl": Raw(b"+OK\r\n1 a\r\n2 b\r\n.\r\n")}),
    "others": ({"uidl": Raw(b"+OK\r\n9 z\r\n3 b\r\n.\r\n")}, {"uidl": Raw(b"+OK\r\n8 z\r\n2 b\r\n.\r\n")}),
}


@pytest.mark.parametrize("case", UNNAMED)
def test_a_pop3_server_without_names_is_read_once(ctx, make_inbox, case):
    first, then = UNNAMED[case]
    with ScriptedMailbox("pop3", MAILS, **first) as server:
        number = make_inbox(protocol="pop3", port=server.port)
        assert checking.check(number).stored == 5
        assert checking.check(number).found == 0
        del server.mails[1]
        server.script = dict(then)
        assert checking.check(number).stored == 0
        configuration.save("inbox_accounts", {"keep_copy": False}, number)
        assert checking.check(number).removed == 4
        assert server.mails == {}


def test_of_mails_that_are_alike_none_takes_the_name_of_one_that_is_withheld(ctx, make_inbox):
    """Nothing is deleted that was not read: without UIDL, mails of one header and size have but their places."""
    twins = {number: b"Subject: alarm\r\n\r\n%d\r\n" % number for number in (1, 2)}
    refuse = {"TOP 1": b"-ERR no", "RETR 1": b"-ERR no", "": Ordinary()}
    with ScriptedMailbox("pop3", twins, uidl=b"-ERR", top=refuse, retr=refuse) as server:
        number = make_inbox(protocol="pop3", port=server.port)
        told = checking.check(number)
        assert (told.stored, told.withheld) == (0, 2)
        server.script = {"uidl": b"-ERR"}
        configuration.save("inbox_accounts", {"keep_copy": False}, number)
        told = checking.check(number)
        assert (told.stored, told.removed, server.mails) == (2, 2, {})
    assert sorted(db.session.scalars(select(InboundRaw.raw))) == sorted(twins.values())


@pytest.mark.parametrize("deleted", [True, False])
def test_a_server_that_dies_between_dele_and_quit(ctx, make_inbox, deleted):
    dies = Then((lambda server: deleted and server.mails.clear(), Drop()))
    with ScriptedMailbox("pop3", MAILS, quit=[dies, Ordinary()]) as server:
        number = make_inbox(protocol="pop3", port=server.port, keep_copy=False)
        told = checking.check(number)
        assert (told.trouble.kind, told.stored) == ("unreachable", 5)
        told = checking.check(number)
        assert (told.trouble, told.found, told.removed) == (None, 0, 0 if deleted else 5)
        assert (server.mails, subjects()) == ({}, SUBJECTS)
        assert checking.check(number).removed == 0


def test_a_wrong_password_is_tried_rarely(ctx, make_inbox, protocol):
    refusal = {"login": b"TAG NO [AUTHENTICATIONFAILED] no", "pass": b"-ERR no"}
    with ScriptedMailbox(protocol, MAILS, **refusal) as server:
        number = make_inbox(protocol=protocol, port=server.port, interval_seconds=1)
        checking.check(number)
        row = noted(number)
        assert row.kind == "auth"
        assert row.retry_at > clock.now() + timedelta(minutes=7)
        assert number not in due.numbers(db.session())


def test_a_storm_of_reports_is_taken_in_groups_and_nothing_is_sent_because_of_it(ctx, make_inbox):
    """Only what names a message of ours changes one (2,000 reports, most of them about nothing of ours)."""
    ours = [sent_message() for _ in range(3)]
    genuine = [report(message, "failed", "5.1.1") for message in ours]
    forged = genuine[0].replace(ours[0].message_id.strip("<>").encode(), b"%d@forged.example")
    storm = {number: forged.replace(b"%d@", b"%d@" % number) for number in range(1, 1998)}
    storm |= {1998 + place: raw for place, raw in enumerate(genuine)}
    with ScriptedMailbox("imap", storm) as server:
        number = make_inbox(port=server.port)
        steps = [0]
        told = checking.check(number, on_progress=lambda progress: steps.append(progress.stored))
    assert (told.trouble, told.stored, told.held) == (None, 2000, 0)
    assert max(after - before for before, after in pairwise(steps)) <= checking.GROUP_MESSAGES
    db.session.rollback()
    states = db.session.execute(select(Message.state, func.count()).group_by(Message.state)).all()
    assert [tuple(row) for row in states] == [("bounced", 3)]
