"""What came in does what it proves, to our message alone, and once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import current_app
from sqlalchemy import select, update

from tests.factories import make_account
from tests.services.inbox.conftest import arrive, fresh, kept, mail, sent_message, story
from tests.services.inbox.letters import answer, receipt, report
from webapp import clock
from webapp.extensions import db
from webapp.mail import token
from webapp.mail.compose import Identity, Words, prepare
from webapp.models import Event, Message, State, SuppressedAddress, TimelineEntry
from webapp.queries import suppressed
from webapp.services import configuration
from webapp.services.unit import write


def test_a_hard_bounce_ends_the_message_and_the_address_is_marked(inbox):
    message = sent_message()
    arrive(report(message, "failed", "5.1.1"), inbox)
    assert fresh(message).state == State.BOUNCED
    assert story(message) == ["in_bounced"]
    [marked] = db.session.scalars(select(SuppressedAddress)).all()
    assert (marked.address, marked.status) == (message.recipient, "5.1.1")
    [row] = kept()
    assert (row.kind, row.effect, row.answers_id) == ("bounce", "bounced", message.id)


@pytest.mark.parametrize(
    ("diagnostic", "said"),
    [
        ("Diagnostic-Code: smtp; 550 5.1.1 No such user", "550 5.1.1 No such user"),
        ("Diagnostic-Code: smtp; 550 No such user", "5.1.1 550 No such user"),
        ("X-Nothing: said", "5.1.1"),
    ],
)
def test_a_message_that_came_back_keeps_what_the_bounce_said_alone(inbox, diagnostic, said):
    message = sent_message(state=State.UNKNOWN)
    met = {"last_stage": "dot", "last_code": 421, "last_words": "The connection is closed."}
    with write() as session:
        session.execute(update(Message).where(Message.id == message.id).values(**met))
    raw = report(message, "failed", "5.1.1").replace(
        b"Diagnostic-Code: smtp; 550 5.1.1 said the server", diagnostic.encode()
    )
    arrive(raw, inbox)
    now = fresh(message)
    assert (now.reason, now.last_stage, now.last_code, now.last_words) == ("bounced", "", None, said)


def test_a_soft_bounce_is_noted_and_changes_nothing(inbox):
    message = sent_message()
    arrive(report(message, "failed", "4.2.2"), inbox)
    assert fresh(message).state == State.SENT
    assert story(message) == ["in_soft_bounce"]
    assert db.session.scalars(select(SuppressedAddress)).all() == []


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded"])
def test_what_is_no_failure_is_noted(inbox, action):
    message = sent_message()
    arrive(report(message, action, "4.4.7" if action == "delayed" else "2.0.0"), inbox)
    assert (fresh(message).state, story(message)) == (State.SENT, ["in_noted"])


NAMELESS = """From: MAILER-DAEMON@mx.example
To: bounces@corp.example
Subject: Undelivered Mail Returned to Sender
In-Reply-To: {message_id}

Sorry, {words}
"""


@pytest.mark.parametrize(
    ("words", "state", "effect"),
    [
        ("550 5.1.1 User unknown", State.BOUNCED, "bounced"),
        ("it could not be delivered.", State.BOUNCED, "bounced"),
        ("the mailbox is full. It could not be delivered.", State.SENT, "soft_bounce"),
    ],
)
def test_a_bounce_that_names_nobody_is_about_the_recipient_of_its_message(inbox, words, state, effect):
    message = sent_message()
    arrive(NAMELESS.format(message_id=message.message_id, words=words).encode(), inbox)
    assert ([row.effect for row in kept()], fresh(message).state) == ([effect], state)
    told = story_details(message)[-1]
    assert told["words"] == f"Sorry, {words}"


def test_a_delivery_receipt(inbox):
    message = sent_message()
    arrive(report(message, "delivered", "2.0.0"), inbox)
    assert (fresh(message).state, story(message)) == (State.DELIVERED, ["in_delivered"])


def story_details(message: Message) -> list[dict]:
    db.session.rollback()
    wanted = select(TimelineEntry.detail).where(TimelineEntry.message_id == message.id).order_by(TimelineEntry.id)
    return list(db.session.scalars(wanted))


def test_a_read_receipt_and_no_way_back(inbox):
    message = sent_message()
    arrive(receipt(message), inbox)
    assert fresh(message).state == State.READ
    arrive(report(message, "delivered", "2.0.0"), inbox)
    arrive(report(message, "failed", "5.1.1"), inbox)
    assert fresh(message).state == State.READ
    assert kept()[-1].effect == "noted"
    assert not suppressed.among(db.session(), [message.recipient])


@pytest.mark.parametrize("kind", ["deleted", "denied", "failed", "dispatched", "processed", "deleted/error", "x", ""])
def test_a_receipt_that_does_not_say_that_it_was_displayed_is_noted(inbox, kind):
    message = sent_message()
    arrive(receipt(message, f"automatic-action/MDN-sent-automatically; {kind}"), inbox)
    assert (fresh(message).state, story(message)) == (State.SENT, ["in_noted"])


def test_an_unknown_outcome_is_decided_by_evidence(inbox):
    message = sent_message(state=State.UNKNOWN)
    with write() as session:
        session.execute(
            update(Message).where(Message.id == message.id).values(last_stage="dot", last_words="No answer")
        )
    arrive(report(message, "delivered", "2.0.0"), inbox)
    now = fresh(message)
    assert (now.state, now.last_stage, now.last_words) == (State.DELIVERED, "", "")


def test_a_reply_is_threaded_with_its_new_text_alone(inbox):
    message = sent_message()
    arrive(answer(message), inbox)
    db.session.rollback()
    [entry] = db.session.scalars(select(TimelineEntry)).all()
    assert (entry.kind, entry.detail["text"]) == ("in_reply", "I am on it.")
    assert fresh(message).state == State.SENT
    assert kept()[0].effect == "reply"


def test_an_automatic_answer_is_noted_and_nothing_is_answered(inbox):
    message = sent_message()
    arrive(answer(message, Auto_Submitted="auto-replied"), inbox)
    assert story(message) == ["in_automatic"]
    assert db.session.scalars(select(Message.id)).all() == [message.id]


def test_a_reply_is_forwarded_where_the_account_says_so(inbox):
    make_account(reply_email="help@corp.example")
    configuration.save("inbox_accounts", {"forward_replies": True}, inbox)
    message = sent_message()
    arrive(answer(message), inbox)
    db.session.rollback()
    forwarded = db.session.scalars(select(Message).where(Message.recipient == "help@corp.example")).one()
    assert forwarded.state == State.QUEUED
    assert "I am on it." in forwarded.content.text
    arrive(answer(message, Auto_Submitted="auto-replied"), inbox)
    assert db.session.scalars(select(Message.id).where(Message.recipient == "help@corp.example")).all() == [
        forwarded.id
    ]


def forwarded_to(address: str) -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(select(Message).where(Message.recipient == address).order_by(Message.id)))


def test_who_gets_a_forwarded_reply_answers_its_author(inbox):
    account = make_account(reply_email="help@corp.example")
    configuration.save("inbox_accounts", {"forward_replies": True}, inbox)
    message = sent_message(account_id=account)
    arrive(answer(message, From="Ana Ácida <ANA@Corp.example>"), inbox)
    arrive(answer(message, From="no address at all"), inbox)
    first, second = forwarded_to("help@corp.example")
    assert (first.reply_to, second.reply_to, first.account_id) == ("ANA@corp.example", None, account)
    assert story(first) == ["passes_on"]


def test_what_is_forwarded_is_not_forwarded_again(inbox):
    """Otherwise an answering program at the reply address that does not say what it is would go on for ever."""
    make_account(reply_email="help@corp.example")
    configuration.save("inbox_accounts", {"forward_replies": True}, inbox)
    arrive(answer(sent_message()), inbox)
    [forwarded] = forwarded_to("help@corp.example")
    arrive(answer(forwarded, "I am away.", From="desk@corp.example"), inbox)
    arrive(answer(sent_message(), "I am away.", From="Help <help@corp.example>"), inbox)
    assert forwarded_to("help@corp.example") == [forwarded]
    assert story(forwarded) == ["passes_on", "in_reply"]


def test_a_forged_report_changes_nothing(inbox):
    """Somebody who never had a mail of ours does not know its Message-ID."""
    message = sent_message()
    guessed = report(message, "failed", "5.1.1").replace(message.message_id.encode(), b"<guess@corp.example>")
    arrive(guessed, inbox)
    assert (fresh(message).state, story(message)) == (State.SENT, [])
    assert db.session.scalars(select(SuppressedAddress)).all() == []
    assert kept()[0].effect == "nothing"


def signed(message: Message, at: datetime | None = None) -> str:
    """The signed return path of a message, as it left."""
    made = token.make(current_app.config["SECRET_KEY"], message.id, at or clock.now())
    return token.tagged("bounces@corp.example", made)


def nameless(message: Message, to: str, field: bytes = b"To") -> bytes:
    """A report that brings nothing back, to that address."""
    raw = report(message, "failed", "5.1.1").replace(message.message_id.encode(), b"<somebody@else.example>")
    return raw.replace(b"To: bounces@corp.example", field + b": <" + to.encode() + b">")


@pytest.mark.parametrize("field", [b"To", b"Delivered-To", b"X-Original-To", b"Envelope-To"])
@pytest.mark.parametrize("case", [str, str.lower, str.upper])
def test_a_signed_return_path_says_which_message_came_back(inbox, field, case):
    other, message = sent_message(), sent_message(recipient="ana@corp.example")
    arrive(nameless(message, case(signed(message)), field), inbox)
    assert (fresh(message).state, fresh(other).state) == (State.BOUNCED, State.SENT)
    assert kept()[0].answers_id == message.id


def test_it_is_found_in_what_the_report_brings_back(inbox):
    message = sent_message()
    raw = nameless(message, "bounces@corp.example")
    brought = f"Return-Path: <{signed(message)}>\r\nSubject: whatever".encode()
    arrive(raw.replace(b"Subject: whatever", brought), inbox)
    assert fresh(message).state == State.BOUNCED


def test_it_goes_before_any_message_id(inbox):
    other, message = sent_message(), sent_message()
    raw = report(other, "failed", "5.1.1", message.recipient)
    arrive(raw.replace(b"bounces@corp.example", signed(message).encode()), inbox)
    assert (fresh(message).state, fresh(other).state) == (State.BOUNCED, State.SENT)


def test_a_forged_or_expired_return_path_means_nothing(inbox):
    message = sent_message()
    good = signed(message)
    local, _, domain = good.partition("@")
    forged = f"{local[:-5]}{'b' if local[-5] == 'a' else 'a'}{local[-4:]}@{domain}"
    old = signed(message, clock.now() - timedelta(days=31))
    of_others = token.tagged("bounces@corp.example", token.make("another key", message.id, clock.now()))
    for wrong in (forged, old, of_others):
        arrive(nameless(message, wrong), inbox)
    assert (fresh(message).state, story(message)) == (State.SENT, [])


def test_a_report_about_somebody_else_among_several_does_not_count(inbox):
    message = sent_message()
    other = b"Final-Recipient: rfc822; x@corp.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    two = report(message, "failed", "5.1.1", "y@corp.example").replace(
        b"Final-Recipient", other + b"Final-Recipient", 1
    )
    arrive(two, inbox)
    assert fresh(message).state == State.SENT


def test_mail_becomes_an_event_by_the_rules_of_the_account(inbox):
    rules = [
        {"sender": "ups@*", "subject": "on battery", "type": "monitoring.disk", "severity": "error"},
        {"sender": "ups@*", "type": "connectivity.up", "attributes": {"site": "HQ"}},
    ]
    configuration.save("inbox_accounts", {"events": rules}, inbox)
    arrive(mail(1, From="ups@lab.example", Subject="UPS 7 is On Battery"), inbox)
    arrive(mail(2, From="ups@lab.example", Subject="all is well"), inbox)
    arrive(mail(3, From="someone@corp.example", Subject="on battery"), inbox)
    db.session.rollback()
    first, second = db.session.scalars(select(Event).where(Event.source != "arauto").order_by(Event.id))
    assert (first.type, first.severity, first.title) == ("monitoring.disk", "error", "UPS 7 is On Battery")
    assert (second.type, second.attributes["site"], second.body) == ("connectivity.up", "HQ", "words\n")
    assert [row.effect for row in kept()] == ["event", "event", "nothing"]
    assert kept()[0].event_id == first.id


def test_mail_of_an_arauto_never_becomes_an_event(inbox):
    """Else what is told to the mailbox that it came from, or two Arautos that tell each other, would go on for ever."""
    configuration.save("inbox_accounts", {"events": [{"type": "monitoring.disk"}]}, inbox)
    ours = prepare(Identity(sender_email="arauto@other.example"), Words("The disk is full", "x"))
    arrive(ours.render(to_address="a@corp.example", message_id="<1@other.example>", date=clock.now()), inbox)
    arrive(mail(2), inbox)
    assert [row.effect for row in kept()] == ["own", "event"]
