from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Any

import pytest

from webapp.mail.address import AddressError
from webapp.mail.compose import Identity, Words, prepare

HERALD = Identity("arauto@corp.example", "Arauto")
HELLO = Words("Hello", "Good morning")
NOON = datetime(2026, 11, 23, 12, 0, 30, 999999, tzinfo=UTC)


def wire(
    identity: Identity = HERALD,
    words: Words = HELLO,
    *,
    to: str = "ana@corp.example",
    name: str = "",
    **more: Any,
) -> bytes:
    return prepare(identity, words, **more).render(
        to_address=to, to_name=name, message_id="<1.a@arauto.corp.example>", date=NOON
    )


def read(data: bytes) -> EmailMessage:
    mail = message_from_bytes(data, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert [list(part.defects) for part in mail.walk()] == [[] for _ in mail.walk()]
    return mail


def content(part: Message) -> str:
    assert isinstance(part, EmailMessage)
    return part.get_content().replace("\r\n", "\n")


def test_the_headers_of_a_plain_mail() -> None:
    mail = read(wire())
    assert dict(mail.items()) == {
        "Date": "Mon, 23 Nov 2026 12:00:30 +0000",
        "Message-ID": "<1.a@arauto.corp.example>",
        "From": "Arauto <arauto@corp.example>",
        "To": "ana@corp.example",
        "Subject": "Hello",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "X-Mailer": "Arauto",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
    }
    assert content(mail) == "Good morning\n"


def test_reply_and_confirmation_addresses_are_headers_only_when_given() -> None:
    mail = read(wire(Identity("a@corp.example", "", "help@corp.example", "receipts@corp.example")))
    assert mail["From"] == "a@corp.example"
    assert mail["Reply-To"] == "help@corp.example"
    assert mail["Disposition-Notification-To"] == "receipts@corp.example"
    assert "Reply-To" not in read(wire())
    assert "Disposition-Notification-To" not in read(wire())


def test_the_date_is_shown_in_utc() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=-3)))
    data = prepare(HERALD, HELLO).render(to_address="a@x", message_id="<1@x>", date=there)
    assert data.startswith(b"Date: Mon, 23 Nov 2026 12:00:30 +0000\r\n")


def test_a_text_with_html_becomes_alternatives_of_one_another() -> None:
    mail = read(wire(words=Words("s", "plain words", "<html><body><p>rich words</p></body></html>")))
    assert mail.get_content_type() == "multipart/alternative"
    plain, rich = mail.iter_parts()
    assert (plain.get_content_type(), content(plain)) == ("text/plain", "plain words\n")
    assert (rich.get_content_type(), content(rich)) == (
        "text/html",
        "<html><body><p>rich words</p></body></html>\n",
    )


def test_the_footer_is_a_signature_in_text_and_escaped_in_html() -> None:
    words = Words("s", "words\n\n", "<body><p>words</p></BODY></html>")
    mail = read(wire(words=words, footer="Sent by <the> herald\nsecond line"))
    plain, rich = mail.iter_parts()
    assert content(plain) == "words\n\n-- \nSent by <the> herald\nsecond line\n"
    assert content(rich) == (
        "<body><p>words</p><hr><p>Sent by &lt;the&gt; herald<br>\nsecond line</p>\n</BODY></html>\n"
    )


def test_the_footer_stands_alone_where_there_is_nothing_before_it() -> None:
    mail = read(wire(words=Words("s", "", "words"), footer="Bye"))
    plain, rich = mail.iter_parts()
    assert content(plain) == "-- \nBye\n"
    assert content(rich) == "words<hr><p>Bye</p>\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain\n.\n..\nFrom me\n", "7bit"),
        ("x" * 998, "7bit"),
        ("x" * 999, "quoted-printable"),
        ("Uma ação, e muitas palavras sem acento nenhum", "quoted-printable"),
        ("通知" * 200, "base64"),
    ],
)
def test_each_body_takes_the_encoding_that_fits(text: str, encoding: str) -> None:
    mail = read(wire(words=Words("s", text)))
    assert mail["Content-Transfer-Encoding"] == encoding
    assert content(mail).rstrip("\n") == text.rstrip("\n")


def test_controls_and_lone_surrogates_in_a_body_are_replaced() -> None:
    mail = read(wire(words=Words("s", "a\x00b\x1b[0m\ud800\tc\r\nd\re\x0bf")))
    assert content(mail) == "a\ufffdb\ufffd[0m\ufffd\tc\nd\ne\nf\n"


def test_extra_headers_are_written_and_folded() -> None:
    references = " ".join(f"<{n}.{'r' * 30}@corp.example>" for n in range(20))
    data = wire(extra={"References": references, "X-Arauto-Event": "été"})
    assert read(data)["References"] == references
    assert read(data)["X-Arauto-Event"] == "été"
    assert max(map(len, data.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("name", ["", "Bad Name", "X:", "X\r\nBcc", "é", "Bcc", "subject", "Content-Type", "Cc", "To"])
def test_an_extra_header_cannot_be_malformed_or_one_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match="header"):
        prepare(HERALD, HELLO, extra={name: "x"})


def test_auto_submitted_can_be_another_keyword_or_absent() -> None:
    assert read(wire(auto_submitted="auto-replied"))["Auto-Submitted"] == "auto-replied"
    assert "Auto-Submitted" not in read(wire(auto_submitted=""))


@pytest.mark.parametrize("address", ["", "a@x\r\nBcc: e@x", "a@x, b@x", "Ana <a@x>", "ana"])
def test_an_address_that_is_more_than_an_address_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        wire(to=address)
    with pytest.raises(AddressError):
        wire(Identity(address))
    if address:
        with pytest.raises(AddressError):
            wire(Identity("a@x", reply_to=address))


@pytest.mark.parametrize("message_id", ["", "1@x", "<1>", "<1@x>\r\nBcc: e@x", "<1 2@x>", "<é@x>", "<1@x>\n"])
def test_a_message_id_must_be_one(message_id: str) -> None:
    with pytest.raises(ValueError, match="Message-ID"):
        prepare(HERALD, HELLO).render(to_address="a@x", message_id=message_id, date=NOON)


def test_a_date_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        prepare(HERALD, HELLO).render(to_address="a@x", message_id="<1@x>", date=NOON.replace(tzinfo=None))


def test_a_domain_outside_ascii_goes_as_a_labels_and_a_local_part_as_utf8() -> None:
    assert b"\r\nTo: a@xn--bcher-kva.example\r\n" in wire(to="a@bücher.example")
    assert "\r\nTo: José <josé@corp.example>\r\n".encode() not in wire(to="josé@corp.example", name="José")
    assert "<josé@corp.example>\r\n".encode() in wire(to="josé@corp.example", name="José")


def test_only_addresses_of_the_identity_make_the_mail_itself_need_smtputf8() -> None:
    assert not prepare(Identity("a@bücher.example", "José"), Words("été", "ação")).smtputf8
    assert prepare(Identity("josé@corp.example"), HELLO).smtputf8
    assert prepare(Identity("a@x", reply_to="josé@corp.example"), HELLO).smtputf8


def test_the_boundary_follows_from_the_words() -> None:
    words = Words("s", "t", "<p>h</p>")
    assert wire(words=words) == wire(words=words)
    assert wire(words=words) != wire(words=Words("s", "t", "<p>i</p>"))
