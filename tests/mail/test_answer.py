"""What comes back to a mail: each kind of answer is understood as what it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webapp.mail.address import AddressError
from webapp.mail.answer import KINDS, Letter, Question, Unanswerable, answer
from webapp.mail.classify import Reading, understand
from webapp.mail.parse import parse

ASKED = (
    b"From: Arauto <arauto@corp.example>\r\nTo: ana@corp.example\r\nSubject: Backup failed\r\n"
    b"Message-ID: <1@arauto.example>\r\nReferences: <0@arauto.example>\r\n"
    b"Disposition-Notification-To: receipts@corp.example\r\n"
    b"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n\r\nThe backup of db1 failed.\r\nSee the log.\r\n"
)
BOUNCES = "bounces@corp.example"
AT = datetime(2026, 11, 25, 9, tzinfo=UTC)


def answered(
    kind: str, words: str = "Done, thanks.", raw: bytes = ASKED, sender: str = "bounces@corp.example"
) -> Letter:
    return answer(kind, Question(raw, sender, "ana@corp.example", words, "<2@sandbox.local>", AT))


def read(letter: Letter) -> Reading:
    return understand(parse(letter.raw))


@pytest.mark.parametrize(
    ("kind", "what", "status", "permanent"),
    [
        ("reply", "reply", None, None),
        ("away", "automatic_answer", None, None),
        ("bounced", "bounce", "5.1.1", True),
        ("full", "bounce", "4.2.2", False),
        ("delayed", "delivery_report", "4.4.1", False),
        ("delivered", "delivery_report", "2.0.0", False),
        ("read", "read_receipt", None, None),
    ],
)
def test_it_is_understood_as_what_it_is(kind: str, what: str, status: str | None, permanent: bool | None) -> None:
    reading = read(answered(kind))
    assert reading.kind == what
    assert reading.answers[0] == "<1@arauto.example>"
    if permanent is not None:
        [told] = reading.recipients
        assert (told.address, told.status, told.permanent) == ("ana@corp.example", status, permanent)
    assert not parse(answered(kind).raw).defects


def test_every_kind_is_tried() -> None:
    assert set(KINDS) == {"reply", "away", "bounced", "full", "delayed", "delivered", "read"}


def test_a_reply_quotes_what_it_answers_and_only_its_own_words_are_new() -> None:
    letter = answered("reply", "Done.\nAna")
    mail = parse(letter.raw)
    assert (letter.sender, letter.recipient) == ("ana@corp.example", "arauto@corp.example")
    assert (mail.header("subject"), mail.header("from")) == ("Re: Backup failed", "ana@corp.example")
    assert "> The backup of db1 failed." in (mail.text or "")
    assert mail.header("references") == "<0@arauto.example> <1@arauto.example>"
    assert read(letter).reply_text == "Done.\nAna"


@pytest.mark.parametrize("words", ["Ação às três ✓", ". a dot\n.\n..", "x" * 5000, "> looks quoted\n\nmine"])
def test_any_words_arrive(words: str) -> None:
    letter = answered("reply", words)
    assert (parse(letter.raw).text or "").startswith(words)
    assert max(map(len, letter.raw.split(b"\r\n"))) <= 998
    assert b"\n" not in letter.raw.replace(b"\r\n", b"")


def test_replies_go_where_the_mail_says() -> None:
    wants = ASKED.replace(b"To: ana", b"Reply-To: Help <help@corp.example>\r\nTo: ana")
    assert answered("reply", raw=wants).recipient == "help@corp.example"
    assert answered("reply", raw=ASKED.replace(b"Backup failed", b"RE: Backup")).raw.count(b"Subject: RE: Backup\r\n")


def test_reports_go_to_the_return_path_from_nobody() -> None:
    letter = answered("bounced")
    assert (letter.sender, letter.recipient) == ("", "bounces@corp.example")
    assert answered("read").recipient == "receipts@corp.example"


def test_what_cannot_come_back() -> None:
    with pytest.raises(Unanswerable, match="no return path"):
        answered("bounced", sender="")
    with pytest.raises(Unanswerable, match="no read receipt"):
        answered("read", raw=ASKED.replace(b"Disposition", b"X-Disposition"))
    with pytest.raises(AddressError):
        answered("reply", raw=b"Subject: from nobody\r\n\r\nx\r\n")


def test_html_alone_is_quoted_as_text() -> None:
    html = b"From: a@corp.example\r\nContent-Type: text/html\r\n\r\n<p>The <b>backup</b> failed</p>\r\n"
    assert "> The backup failed" in (parse(answered("reply", raw=html).raw).text or "")


@pytest.mark.parametrize(
    "raw", [b"", b"\0\xff\r\n", b"From: a@b.example\r\nSubject: =?utf-8?q?a=0d=0aBcc:=20x?=\r\n\r\n"]
)
def test_hostile_mail_makes_no_header_of_its_own(raw: bytes) -> None:
    for kind in KINDS:
        try:
            head = answered(kind, raw=raw).raw.partition(b"\r\n\r\n")[0]
        except (AddressError, Unanswerable):
            continue
        assert b"\r\nBcc:" not in head
