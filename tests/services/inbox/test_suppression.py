"""Nothing is sent to an address that came back for good, until somebody lifts that."""

from __future__ import annotations

from tests.services.inbox.conftest import arrive, kept, sent_message
from tests.services.inbox.letters import report
from webapp.extensions import db
from webapp.models import Message, State
from webapp.queries import suppressed
from webapp.services import submissions
from webapp.services.inbox import suppression
from webapp.services.submissions import Submission


def test_a_repeated_bounce_does_not_suppress_what_was_lifted(inbox):
    message = sent_message()
    arrive(report(message, "failed", "5.1.1"), inbox)
    assert suppression.lift(message.recipient)
    arrive(report(message, "failed", "5.1.1"), inbox)
    assert [row.effect for row in kept()] == ["bounced", "noted"]
    assert not suppressed.among(db.session(), [message.recipient])


def test_addresses_that_differ_in_the_case_of_letters_are_one_mailbox(inbox):
    message = sent_message()
    arrive(report(message, "failed", "5.1.1", message.recipient.upper()), inbox)
    other = message.recipient.title()
    made = submissions.submit(Submission(channel="email", to=other, subject="x", text="x"))
    assert db.session.get_one(Message, made.message.id).state == State.SUPPRESSED
    assert suppressed.among(db.session(), [other, "b@corp.example", None]) == {other}
    assert suppression.lift(other)


def test_an_address_is_used_again_once_it_is_lifted(inbox):
    message = sent_message()
    arrive(report(message, "failed", "5.1.1"), inbox)
    assert suppression.lift(message.recipient)
    assert not suppression.lift(message.recipient)
