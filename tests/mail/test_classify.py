"""The order of evidence, and what is told apart by it."""

from __future__ import annotations

import pytest

from webapp.mail.classify import Kind, classify
from webapp.mail.status import is_permanent, reply_in, status_in


def mail(head: str, body: str = "Hello") -> bytes:
    return f"From: Ana <ana@partner.example>\nTo: us@corp.example\n{head}\n\n{body}\n".encode()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("Subject: x", Kind.OTHER),
        ("Subject: x\nAuto-Submitted: auto-generated", Kind.OTHER),
        ("Subject: x\nPrecedence: bulk", Kind.OTHER),
        ("Subject: x\nX-Auto-Response-Suppress: All", Kind.OTHER),
        ("Subject: Re: x", Kind.OTHER),
        ("Subject: x\nIn-Reply-To: <1@corp.example>", Kind.REPLY),
        ("Subject: x\nReferences: <1@corp.example>", Kind.REPLY),
        ("Subject: x\nIn-Reply-To: 1@corp.example", Kind.REPLY),
        ("Subject: x\nIn-Reply-To: Your message of Monday", Kind.OTHER),
        ("Subject: Re: x\nIn-Reply-To: <1@corp.example>\nPrecedence: list\nList-Id: <l.corp.example>", Kind.REPLY),
        ("Subject: Re: x\nIn-Reply-To: <1@corp.example>\nPrecedence: bulk", Kind.AUTOMATIC_ANSWER),
        ("Subject: Re: x\nIn-Reply-To: <1@corp.example>\nAuto-Submitted: no", Kind.REPLY),
        ("Subject: Re: x\nIn-Reply-To: <1@corp.example>\nAuto-Submitted: auto-generated", Kind.AUTOMATIC_ANSWER),
        ("Subject: Re: x\nIn-Reply-To: <1@corp.example>\nReturn-Path: <>", Kind.AUTOMATIC_ANSWER),
        ("Subject: Re: x\nIn-Reply-To: <1@corp.example>\nReturn-Path: <ana@partner.example>", Kind.REPLY),
        ("Subject: x\nAuto-Submitted: auto-replied", Kind.AUTOMATIC_ANSWER),
        ("Subject: x\nAuto-Submitted: AUTO-REPLIED; owner=x", Kind.AUTOMATIC_ANSWER),
        ("Subject: x\nX-Autoreply: yes", Kind.AUTOMATIC_ANSWER),
        ("Subject: x\nX-Autoreply: no", Kind.OTHER),
        ("Subject: x\nX-Autorespond: vacation", Kind.AUTOMATIC_ANSWER),
        ("Subject: x\nPrecedence: auto_reply", Kind.AUTOMATIC_ANSWER),
        ("Subject: Out of Office: x", Kind.AUTOMATIC_ANSWER),
        ("Subject: Abwesenheitsnotiz: x", Kind.AUTOMATIC_ANSWER),
        ("Subject: Absence du bureau : x", Kind.AUTOMATIC_ANSWER),
        ("Subject: Fuera de la oficina: x", Kind.AUTOMATIC_ANSWER),
        ("Subject: Fora do escritório: x", Kind.AUTOMATIC_ANSWER),
        ("Subject: Out of Office: x\nAuto-Submitted: no", Kind.OTHER),
        ("Subject: Re: Out of office: x\nIn-Reply-To: <1@corp.example>", Kind.REPLY),
        ("Subject: Automation of replies", Kind.OTHER),
    ],
)
def test_answers_of_people_and_of_programs(head: str, kind: Kind) -> None:
    assert classify(mail(head)).kind == kind


def test_a_bounce_outranks_its_own_marks_of_an_automatic_answer() -> None:
    """Exim's reports say `auto-replied`, and Gmail's have In-Reply-To."""
    head = (
        "Subject: Mail delivery failed\nAuto-Submitted: auto-replied\nIn-Reply-To: <1@corp.example>\n"
        "X-Failed-Recipients: bob@partner.example"
    )
    assert classify(mail(head, "It failed: 550 No such user")).kind == Kind.BOUNCE


@pytest.mark.parametrize(
    "body",
    [
        "It could not be delivered to bob@partner.example yet.\nIt will be retried until Friday.",
        "Your message to bob@partner.example has been delayed.",
        "Your message was successfully delivered to bob@partner.example.",
        "La remise à bob@partner.example est retardée.",
        "Die Zustellung an bob@partner.example ist verzögert. Weitere Zustellversuche folgen.",
        "La entrega a bob@partner.example se ha retrasado; no es necesario reenviar el mensaje.",
    ],
)
def test_delays_and_successes_are_no_bounces(body: str) -> None:
    raw = b"From: MAILER-DAEMON@partner.example\nTo: us@corp.example\nSubject: Delivery status notification\n\n"
    reading = classify(raw + body.encode())
    assert reading.kind == Kind.DELIVERY_REPORT
    assert [(one.address, one.permanent) for one in reading.recipients] == [("bob@partner.example", False)]


def test_a_system_that_does_not_say_what_happened_reports_no_failure() -> None:
    raw = (
        b"From: postmaster@partner.example\nSubject: Delivery report\n\nYour mail to bob@partner.example: see below.\n"
    )
    assert classify(raw).kind == Kind.OTHER


@pytest.mark.parametrize(
    ("words", "permanent"),
    [
        ("550 5.1.1 User unknown", True),
        ("550 No such user", True),
        ("User unknown", True),
        ("Host or domain name not found", True),
        ("550 5.7.1 Message rejected as spam", True),
        ("452 4.2.2 Mailbox full", False),
        ("552 5.2.2 Mailbox full", False),
        ("552 Quota exceeded", False),
        ("The mailbox is full", False),
        ("450 Greylisted", False),
        ("421 Too many connections", False),
        ("Connection timed out", False),
        ("retry timeout exceeded", False),
    ],
)
def test_what_passes_by_itself_is_not_permanent(words: str, permanent: bool) -> None:
    raw = (
        "From: MAILER-DAEMON@partner.example\nTo: us@corp.example\nSubject: failure notice\n\n"
        f"Your message could not be delivered.\n\n<bob@partner.example>:\n{words}\n"
    )
    [recipient] = classify(raw.encode()).recipients
    assert (recipient.address, recipient.permanent) == ("bob@partner.example", permanent)


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        ("5.1.1", True),
        ("5.0.0", True),
        ("5.2.1", True),
        ("5.2.2", False),
        ("5.3.1", False),
        ("5.4.1", True),
        ("5.4.5", False),
        ("5.4.7", False),
        ("5.7.1", True),
        ("4.1.1", False),
        ("2.0.0", False),
    ],
)
def test_status_codes(status: str, permanent: bool) -> None:
    assert is_permanent(status) is permanent


@pytest.mark.parametrize(
    ("status", "said", "permanent"),
    [
        ("5.0.0", "552 mailbox is over quota", False),
        ("5.0.0", "450 4.2.0 greylisted", False),
        ("5.0.0", "550 5.1.1 unknown", True),
        ("5.0.0", "550 unknown", True),
        ("4.0.0", "550 unknown", False),
        ("5.1.1", "over quota", True),
        (None, "450 later", False),
        (None, "550 unknown", True),
        (None, "", True),
    ],
)
def test_a_status_wins_over_words_unless_it_says_nothing(status: str | None, said: str, permanent: bool) -> None:
    assert is_permanent(status, said) is permanent


def test_our_own_address_is_a_recipient_only_where_the_report_names_no_other() -> None:
    head = b"From: MAILER-DAEMON@corp.example\nTo: us@corp.example\nSubject: failure notice\n\nNot delivered:\n\n"
    both = classify(head + b"<us@corp.example>:\n550 no\n\n<bob@partner.example>:\n550 no\n")
    alone = classify(head + b"<us@corp.example>:\n552 disk quota exceeded\n")
    assert [one.address for one in both.recipients] == ["bob@partner.example"]
    assert [(one.address, one.permanent) for one in alone.recipients] == [("us@corp.example", False)]


def test_accents_may_be_lost_on_the_way() -> None:
    head = "From: postmaster@x.example\nSubject: Echec de la remise\n\n"
    raw = head + "Votre message n'a pas pu etre delivre a bob@x.example\n"
    assert [one.address for one in classify(raw.encode()).recipients] == ["bob@x.example"]


def test_a_failure_without_a_name_is_a_bounce_without_recipients() -> None:
    raw = b"From: MAILER-DAEMON@partner.example\nSubject: Mail delivery failed\n\nYour mail could not be delivered.\n"
    reading = classify(raw)
    assert (reading.kind, reading.recipients) == (Kind.BOUNCE, ())


def test_codes_are_found_in_text() -> None:
    assert status_in("550-5.7.26 blocked") == "5.7.26"
    assert status_in("(#5.1.1)") == "5.1.1"
    assert status_in("host 192.5.1.1 said no") is None
    assert status_in("version 5.1.1.2") is None
    assert reply_in("said: 550 no") == "550"
    assert reply_in("[192.0.2.25]:25 550") == "550"
    assert reply_in("after 450 seconds") is None
    assert reply_in("port 587 is closed") is None
