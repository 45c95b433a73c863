"""A mail as people see it, whatever it is made of."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.mail.compose import Identity, Words, prepare
from webapp.mail.mime import MOST_PARTS
from webapp.mail.parse import LONGEST_TEXT
from webapp.mail.show import MOST_HEADERS, Attachment, show, source


def test_our_own_mail_reads_as_it_was_meant() -> None:
    words = Words("Água às três: 100 €", "Olá\n\nTudo bem", "<p>Olá</p>")
    raw = prepare(Identity("arauto@corp.example", "Ação"), words).render(
        to_address="ana@corp.example",
        to_name="Ana Müller",
        message_id="<1@corp.example>",
        date=datetime(2026, 11, 23, 12, 30, tzinfo=UTC),
    )

    shown = show(raw)

    assert (shown.subject, shown.sender) == ("Água às três: 100 €", "Ação <arauto@corp.example>")
    assert (shown.to, shown.message_id) == ("Ana Müller <ana@corp.example>", "<1@corp.example>")
    assert shown.date == datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    assert (shown.text, shown.html) == ("Olá\n\nTudo bem\n", "<p>Olá</p>\n")
    assert shown.attachments == ()
    assert not shown.cut
    assert ("Auto-Submitted", "auto-generated") in shown.headers


def test_attachments_are_named_with_their_size_and_never_taken_for_the_text() -> None:
    mail = EmailMessage()
    mail.set_content("The words")
    mail.add_attachment("not the words", filename="notes.txt")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="Gráfico.png")
    inner = EmailMessage()
    inner["Subject"] = "inside"
    mail.add_attachment(inner)

    shown = show(mail.as_bytes())

    assert shown.text == "The words\n"
    assert shown.attachments[:2] == (
        Attachment("notes.txt", "text/plain", 14),
        Attachment("Gráfico.png", "image/png", 4),
    )
    assert shown.attachments[2].content_type == "message/rfc822"


def test_a_mail_with_html_alone_has_no_text() -> None:
    shown = show(b"Content-Type: text/html\n\n<p>Hi</p>")
    assert (shown.text, shown.html) == (None, "<p>Hi</p>")


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"Subject: one\n two\n\n", "one two"),
        (b"Subject: =?utf-8?q?a=0d=0aBcc=3a_evil?=\n\n", "a Bcc: evil"),
        (b"Subject: =?utf-8?q?a=00=1b[31m?=\n\n", "a\ufffd\ufffd[31m"),
        ("Subject: x\u202egpj.exe\n\n".encode(), "x\ufffdgpj.exe"),
        (b"Subject: =?no-such?b?YWJj?=\n\n", "abc"),
        (b"Subject: =?utf-8?b?%%%?= x\n\n", "x"),
        (b"Subject: first\nSubject: second\n\n", "first"),
        (b"no header at all", ""),
        (b"", ""),
    ],
)
def test_subjects(raw: bytes, subject: str) -> None:
    assert show(raw).subject == subject


@pytest.mark.parametrize("charset", ["no-such", "hex", "punycode", "idna", "unicode_escape", "utf-7", "undefined", '"'])
def test_an_unfit_character_set_shows_the_bytes_as_well_as_it_can(charset: str) -> None:
    shown = show(f"Content-Type: text/plain; charset={charset}\n\nplain words".encode())
    assert shown.text == "plain words"


DATES = (
    "",
    "yesterday",
    "Mon, 99 Foo 99999 99:99",
    "Fri, 31 Dec 9999 23:59 -1200",
)


@pytest.mark.parametrize("date", DATES)
def test_a_date_that_cannot_be_read_is_none(date: str) -> None:
    assert show(f"Date: {date}\n\nx".encode()).date is None


def test_nested_absurdly_deep_it_shows_the_headers_at_least() -> None:
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(3000))
    shown = show(b"Subject: deep\n" + deep + b"x")
    assert shown.subject == "deep"
    assert shown.cut


def test_what_is_too_long_is_cut_and_says_so() -> None:
    many = b"".join(b"X-%d: y\n" % number for number in range(MOST_HEADERS + 1)) + b"\nx"
    assert (len(show(many).headers), show(many).cut) == (MOST_HEADERS, True)
    long = show(b"Subject: x\n\n" + b"y" * (LONGEST_TEXT + 1))
    assert (len(long.text or ""), long.cut) == (LONGEST_TEXT, True)
    parts = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * (MOST_PARTS + 5)
    assert show(parts).cut


def test_the_source_shows_what_cannot_be_seen() -> None:
    assert source(b"Subject: \x00\x1b\xff\r\n\r\nx") == "Subject: \ufffd\ufffd\ufffd\n\nx"
    assert source(b"abc", most=2) == "ab"


PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: text/plain; charset=utf-16\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Type: message/delivery-status\n",
        b"Content-Type: ;;;=\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: uuencode\n",
        b"Content-Disposition: attachment; filename*=x''%\"\n",
        b"Subject: =?utf-8?b?=\n",
        b"From: <<<@@\n",
        b"Date: 1\n",
        b"begin 1 x\n",
        b"==\xff",
        b"\x00",
        b"\n",
        b"--b\n",
        b"--b--\n",
    ]
)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(PIECES | st.binary(max_size=20), max_size=30).map(b"".join))
def test_no_mail_makes_an_exception_and_nothing_unseen_comes_through(raw: bytes) -> None:
    shown = show(raw)
    seen = [shown.subject, shown.sender, shown.to, shown.cc, *(part for header in shown.headers for part in header)]
    assert all(text.isprintable() or "\u200d" in text or "\u200c" in text for text in seen)
    assert "\x00" not in (shown.text or "") + (shown.html or "") + source(raw)
