"""Any octets are read, within time and memory that are bounded, and what is wrong with them is named."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.mail.classify import Kind, classify
from webapp.mail.defects import Defect
from webapp.mail.mime import LARGEST, MOST_DEEP, MOST_PARTS
from webapp.mail.parse import parse
from webapp.mail.show import show, source

SECONDS = 2
TO = b"From: a@corp.example\nIn-Reply-To: <1@corp.example>\nSubject: Re: x\n"
DAEMON = b"From: MAILER-DAEMON@corp.example\nSubject: failure notice\n"


def nested(levels: int, kind: bytes = b'multipart/mixed; boundary="b%d"') -> bytes:
    parts = (b"Content-Type: " + (kind % n if b"%" in kind else kind) + b"\n\n--b%d\n" % n for n in range(levels))
    return b"Subject: deep\n" + b"".join(parts) + b"x"


HOSTILE: dict[str, tuple[Callable[[], bytes], set[Defect]]] = {
    "1,000 levels": (lambda: nested(1_000), {Defect.TOO_DEEP, Defect.UNCLOSED}),
    "100,000 levels": (lambda: nested(100_000), {Defect.TOO_DEEP}),
    "levels of mails": (lambda: b"Subject: x\n" + b"Content-Type: message/rfc822\n\n" * 10_000, {Defect.TOO_DEEP}),
    "levels over 16 MiB": (lambda: nested(30) + b"x\n" * (8 << 20), {Defect.TOO_DEEP}),
    "many parts": (
        lambda: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
        {Defect.TOO_MANY_PARTS},
    ),
    "false boundaries": (
        lambda: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--bx\n" * 3_000_000,
        {Defect.NO_PARTS},
    ),
    "many fields": (lambda: b"X-A: b\n" * 1_000_000 + b"\nx", {Defect.HEADERS_CUT}),
    "a long field": (lambda: b"Subject: " + b"x" * (16 << 20) + b"\n\nx", {Defect.FIELD_CUT}),
    "a field of folds": (lambda: b"Subject: x" + b"\n y" * (4 << 20) + b"\n\nx", {Defect.FIELD_CUT}),
    "32,000 recipients": (
        lambda: b"To: " + b", ".join(b"user%d@corp.example" % n for n in range(32_000)) + b"\n\nx",
        {Defect.FIELD_CUT},
    ),
    "8,000 encoded-words": (lambda: b"Subject: " + b"=?utf-8?q?=C3=A9?= " * 8_000 + b"\n\nx", {Defect.FIELD_CUT}),
    "brackets": (lambda: b"From: " + b"(" * 100_000 + b"\n\nx", {Defect.FIELD_CUT}),
    "parameters": (lambda: b"Content-Type: text/plain" + b'; a*0*="x' * 100_000 + b"\n\nx", {Defect.FIELD_CUT}),
    "NUL": (lambda: b"\0" * (16 << 20), {Defect.NUL}),
    "CR": (lambda: b"\r" * (16 << 20), {Defect.BARE_CR}),
    "too large": (lambda: b"Subject: x\n\n" + b"x" * LARGEST, {Defect.TOO_LARGE}),
    "broken base64": (lambda: b"Content-Transfer-Encoding: base64\n\n" + b"QUJD=" * 1_000_000, set()),
    "no UTF-8": (lambda: b"Content-Type: text/plain; charset=utf-8\n\n" + b"\xe7" * 8_000_000, {Defect.WRONG_CHARSET}),
    "a notice of spaces": (lambda: DAEMON + b"\ncould not be delivered" + b" " * 100_000 + b"x", set()),
    "a notice of addresses": (
        lambda: DAEMON + b"\n" + b"".join(b"<a%d@b.example>: 550 no\n" % n for n in range(50_000)),
        set(),
    ),
    "a notice of signs": (lambda: DAEMON + b"\ncould not be delivered\n" + b"a@" * 500_000, set()),
    "a report of recipients": (
        lambda: (
            DAEMON
            + b"Content-Type: message/delivery-status\n\n"
            + b"".join(b"Final-Recipient: rfc822; a%d@b.example\nAction: failed\n\n" % n for n in range(50_000))
        ),
        set(),
    ),
    "a reply of attributions": (lambda: TO + b"\n" + b"On 1 Jan 2026 Ana wrote\n" * 100_000, set()),
    "a reply of beginnings": (lambda: TO + b"\n" + b"On \n" * 300_000, set()),
    "a reply of labels": (lambda: TO + b"\n" + b"From: x\n" * 100_000, set()),
    "a reply of dashes": (lambda: TO + b"\n" + b"--- x\n" * 100_000, set()),
    "a reply of quotes": (lambda: TO + b"\n" + b"> x\n" * 500_000, set()),
    "HTML of blocks": (lambda: TO + b"Content-Type: text/html\n\n" + b"<div><blockquote>" * 100_000, set()),
    "HTML of signs": (lambda: TO + b"Content-Type: text/html\n\n" + b"<a <!--" * 100_000, set()),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_read_in_time_and_its_defect_is_named(name: str) -> None:
    make, defects = HOSTILE[name]
    raw = make()
    begin = process_time()
    reading = classify(raw)
    assert process_time() - begin < SECONDS
    assert defects <= set(reading.defects)


@pytest.mark.parametrize(
    "name", ["1,000 levels", "levels over 16 MiB", "many parts", "many fields", "a field of folds"]
)
def test_memory_is_bounded_by_the_size_of_the_mail(name: str) -> None:
    raw = HOSTILE[name][0]()
    tracemalloc.start()
    try:
        classify(raw)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(raw) + (32 << 20)
    finally:
        tracemalloc.stop()


def test_the_limits_are_reached_before_they_are_passed() -> None:
    assert Defect.TOO_DEEP not in parse(nested(MOST_DEEP)).defects
    assert Defect.TOO_DEEP in parse(nested(MOST_DEEP + 1)).defects
    parts = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * (MOST_PARTS - 1) + b"--b--\n"
    assert parse(parts).defects == ()


def test_a_zip_is_stored_and_never_looked_into() -> None:
    raw = b"Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\nUEsDBA==\n"
    [attachment] = parse(raw).attachments
    assert (attachment.kind, attachment.file_name, attachment.decoded()) == (
        "application/zip",
        "a.zip",
        (b"PK\x03\x04", True),
    )


@pytest.mark.parametrize(
    ("declared", "octets", "text"),
    [
        ("utf-8", "Já está".encode(), "Já está"),
        ("iso-8859-1", "Já está".encode("latin-1"), "Já está"),
        ("iso-8859-1", "“x” – €".encode("cp1252"), "“x” – €"),
        ("utf-8", "Já está".encode("cp1252"), "Já está"),
        ("us-ascii", "Já está".encode(), "Já está"),
        ("", "Já está".encode(), "Já está"),
        ("", "Já está".encode("cp1252"), "Já está"),
        ("fakescii", "Já está".encode("cp1252"), "Já está"),
        ("gb2312", "你好 朱镕基".encode("gb18030"), "你好 朱镕基"),
        ("iso-2022-jp", "こんにちは".encode("iso2022_jp"), "こんにちは"),
        ("utf-16", "Já está".encode("utf-16"), "Já está"),
        ("windows-1251", "Привет".encode("cp1251"), "Привет"),
        ("utf-8", "Já está, não é? ".encode() + b"\xff", "Já está, não é? \ufffd"),
    ],
)
def test_characters_are_as_declared_else_utf_8_else_windows_1252(declared: str, octets: bytes, text: str) -> None:
    assert parse(f"Content-Type: text/plain; charset={declared}\n\n".encode() + octets).text == text


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b"=?utf-8?q?Ol=C3=A1?=", "Olá"),
        (b"=?utf-8?B?T2zDoQ==?= =?utf-8?q?_mundo?=", "Olá mundo"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A1?=", "á"),  # a letter cut in two
        (b"a =?utf-8?q?b?= c", "a b c"),
        (b"=?iso-8859-1*pt?q?=E1?=", "á"),
        (b"=?utf-8?q?a b?=", "a b"),
        ("Olá".encode(), "Olá"),
        ("Olá".encode("cp1252"), "Olá"),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"=?unknown?q?abc", "=?unknown?q?abc"),
    ],
)
def test_header_text(field: bytes, text: str) -> None:
    assert parse(b"Subject: " + field + b"\n\n").header("subject") == text


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b'attachment; filename="a b.txt"', "a b.txt"),
        (b"attachment; filename=a.txt", "a.txt"),
        (b"attachment; filename*=utf-8''a%C3%A7%C3%A3o.txt", "ação.txt"),
        (b"attachment; filename*0*=utf-8''a%C3%A7; filename*1=ao.txt", "açao.txt"),
        (b'attachment; filename="=?utf-8?q?a=C3=A7=C3=A3o=2Etxt?="', "ação.txt"),
        (b'attachment; filename="never closed', "never closed"),
        (b"attachment; filename*=x''%", "%"),
    ],
)
def test_names_of_attachments(disposition: bytes, name: str) -> None:
    [attachment] = show(b"Content-Type: image/png\nContent-Disposition: " + disposition + b"\n\nx").attachments
    assert attachment.name == name


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        (b"Mon, 23 Nov 2026 14:02:11 +0100", datetime(2026, 11, 23, 13, 2, 11, tzinfo=UTC)),
        (b"23 Nov 2026 14:02 GMT", datetime(2026, 11, 23, 14, 2, tzinfo=UTC)),
        (b"Mon, 23 Nov 2026 14:02:11 +2400", None),
        (b"Mon, 23 Nov 99999 14:02:11 +0000", None),
        (b"Mon, 23 Nov 1026 14:02:11 +0000", None),
        (b"tomorrow", None),
    ],
)
def test_dates(date: bytes, moment: datetime | None) -> None:
    mail = parse(b"Date: " + date + b"\n\n")
    assert (mail.date, Defect.BAD_DATE in mail.defects) == (moment, moment is None)


def test_an_envelope_line_and_a_byte_order_mark_are_no_header() -> None:
    assert parse(b"From ana@corp.example Mon Nov 23 2026\nSubject: x\n\ny").header("subject") == "x"
    assert parse(b"\xef\xbb\xbfSubject: x\n\ny").header("subject") == "x"
    assert parse(b"\n\nSubject: x\n\ny").header("subject") == "x"
    assert parse(b"   \n\t\nSubject: x\n\ny").header("subject") == "x"  # a copy from a web page


def test_a_body_that_follows_the_header_without_an_empty_line() -> None:
    mail = parse(b"Subject: x\nHello there\nBob")
    assert (mail.header("subject"), mail.text, mail.defects) == ("x", "Hello there\nBob", (Defect.BROKEN_HEADERS,))


PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
        b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: multipart/digest; boundary=b\n",
        b"Content-Type: text/html; charset=utf-16\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Type: message/delivery-status\n",
        b"Content-Type: message/disposition-notification\n",
        b"Content-Type: message/feedback-report\n",
        b"Content-Type: ;;;=\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: quoted-printable\n",
        b"From: MAILER-DAEMON@x\n",
        b"Return-Path: <>\n",
        b"Subject: Undelivered Mail Returned to Sender\n",
        b"Subject: =?utf-8?b?=\n",
        b"In-Reply-To: <a@b>\n",
        b"X-Failed-Recipients: a@b.example,, <\n",
        b"Final-Recipient: utf-8;\\x{FFFFF}a@b\n",
        b"Original-Recipient: ;\n",
        b"Action: failed\n",
        b"Status: 5.1.1\n",
        b"Diagnostic-Code: smtp\n",
        b"Disposition: ;\n",
        b"Date: 1\n",
        b"could not be delivered to <a@b.example>:\n",
        b"On 1.1.2026 a@b wrote:\n",
        b"-----Original Message-----\n",
        b"From: x\nSent: y\nTo: z\n",
        b"> quoted\n",
        b"<blockquote><div class=gmail_attr>",
        b"-- \n",
        b"==\xff",
        b"\x00",
        b"\r",
        b"\n",
        b"--b\n",
        b"--b--\n",
    ]
)


@settings(deadline=None)  # the machine may be busy; what is hostile is timed above
@given(st.lists(PIECES | st.binary(max_size=20), max_size=40).map(b"".join))
def test_no_octets_make_an_exception(raw: bytes) -> None:
    reading = classify(raw)
    assert reading.kind in Kind
    assert "\x00" not in (reading.reply_text or "") + "".join(one.diagnostic or "" for one in reading.recipients)
    assert all("@" in recipient.address for recipient in reading.recipients)
    show(raw)
    source(raw)


@settings(deadline=None)  # the machine may be busy; what is hostile is timed above
@given(st.binary(max_size=300))
def test_no_random_octets_make_an_exception(raw: bytes) -> None:
    assert classify(raw).kind in Kind


def test_a_mail_with_too_many_parts_is_not_called_unclosed_for_that() -> None:
    parts = b"--b\n\nx\n" * 600
    mail = parse(b"Content-Type: multipart/mixed; boundary=b\n\n" + parts + b"--b--\n")
    assert mail.defects == (Defect.TOO_MANY_PARTS,)
