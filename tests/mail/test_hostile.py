"""Mail that is made to take long, by somebody who knows how it is read: within two seconds, whatever it is made of.

Each is as large as it may be. What counts is the time of the processor, so that a busy machine fails nobody; most take
a tenth of what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest

from webapp.mail.arrival import arrival
from webapp.mail.classify import understand
from webapp.mail.html_page import LONGEST_PAGE, page
from webapp.mail.parse import LONGEST_TEXT, parse
from webapp.mail.show import show, source

SECONDS = 2
LARGEST = 32 << 20

REPLY = b"From: a@x.example\nIn-Reply-To: <a@b.example>\nSubject: Re: x\n"
REPORT = b"From: MAILER-DAEMON@x.example\nTo: us@x.example\nSubject: failure notice\n"
HTML = REPLY + b"Content-Type: text/html\n\n"
PARTS = b"Content-Type: multipart/mixed; boundary=b\n\n"


def numbered(form: bytes, size: int) -> bytes:
    """The form again and again, each with another number."""
    return b"".join(form % number for number in range(size // len(form)))


def filled(piece: bytes, size: int) -> bytes:
    return piece * (size // len(piece))


def parts(count: int, head: bytes, piece: bytes, kind: bytes = PARTS) -> bytes:
    """As many parts, each filled with the piece, which make the largest mail together."""
    return REPORT + kind + (b"--b\n" + head + b"\n\n" + filled(piece, LARGEST // count) + b"\n") * count


STATUS = b"Content-Type: message/delivery-status"
RECIPIENT = b"Final-Recipient: rfc822;a@b.example\nAction: failed\nDiagnostic-Code: smtp; mailbox mailbox\n\n"

MAILS: dict[str, Callable[[], bytes]] = {
    "parts of recipients": lambda: parts(490, STATUS, RECIPIENT),
    "parts of recipients in UTF-16": lambda: parts(490, STATUS + b"; charset=utf-16", RECIPIENT),
    "parts of controls": lambda: parts(490, STATUS + b"; charset=utf-8", b"\x01\xc3\xa9"),
    "one report of recipients": lambda: REPORT + STATUS + b"\n\n" + filled(RECIPIENT, LARGEST),
    "parts of mails brought back": lambda: parts(
        245, b"Content-Type: message/rfc822", b"Return-Path: =?utf-8?q?=C3?=\n"
    ),
    "parts of lines that are no header": lambda: parts(490, b"A: b", b"\x80\n"),
    "lines that are no header": lambda: b"A: b\n" + filled(b"\x80\n", LARGEST),
    "parts of parameters": lambda: REPLY + PARTS + parameters() * 490,
    "parts with texts": lambda: parts(490, b"Content-Type: text/plain; charset=utf-8", b"\xc3\xa9\x01"),
    "mails in base64": lambda: parts(
        20, b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64", b"QTogYgo=\n"
    ),
    "quoted-printable of lines": lambda: parts(
        245, b"Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable", b"A:=20b=\n"
    ),
    "fields of names of character sets": lambda: character_sets() + b"\nx",
    "References": lambda: b"References: " + numbered(b"<%d@b.example> ", LARGEST) + b"\n\nx",
    "a reply of signs": lambda: REPLY + b"\n" + filled(b">", LONGEST_TEXT),
    "a reply of rules": lambda: REPLY + b"\n" + filled(b"---\n", LONGEST_TEXT),
    "a reply of angles": lambda: REPLY + b"\n" + filled(b"<\n", LONGEST_TEXT),
    "a reply of beginnings": lambda: REPLY + b"\n" + filled(b"On 1.1.2026 at 12:00 a@b.example\n", LONGEST_TEXT),
    "HTML of names": lambda: HTML + filled(b"<div " + b"class= " * 280 + b">", LONGEST_TEXT),
    "a notice in HTML": lambda: (
        REPORT + b"Content-Type: text/html\n\n" + filled(b"<p>5.1.1 <a@b.example>", LONGEST_TEXT)
    ),
    "a notice of words": lambda: REPORT + b"\ncould not be delivered " + filled(b"over a a a a ", LONGEST_TEXT),
    "a number of a million digits": lambda: HTML + b"&#" + b"9" * 1_000_000 + b";",
}


def parameters() -> bytes:
    return b"--b\nContent-Type: a/b" + numbered(b"; a*%d*=q%%41'x", 15_000) + b"\n\nx\n"


def character_sets() -> bytes:
    """As many fields as are read, each of them full of character sets that do not exist."""
    names = iter(range(10_000_000))
    return b"".join(
        b"Delivered-To: " + b" ".join(b"=?n%dz?q?=E9?= x" % next(names) for _ in range(700)) + b"\n"
        for _ in range(1_000)
    )


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_is_read_within_two_seconds(name: str) -> None:
    raw = MAILS[name]()
    begin = process_time()
    understand(parse(raw))
    arrival(raw)
    assert process_time() - begin < SECONDS


@pytest.mark.parametrize(
    "name", ["parts of parameters", "mails in base64", "quoted-printable of lines", "fields of names of character sets"]
)
def test_a_mail_is_shown_within_two_seconds(name: str) -> None:
    raw = MAILS[name]()
    begin = process_time()
    show(raw)
    source(raw)
    assert process_time() - begin < SECONDS


PAGES = {
    "levels": "<div>",
    "levels of everything": "<div><table><tr><td><ul><li><b>",
    "signs": "a&",
    "signs of two octets": "\xa9",
    "tags that are never closed": "<b title=x><p>x",
    "tags that others close": "<p><b title=%d>x</p>",
    "closed elsewhere": "<div><table><td></div></td></table>",
    "a table of nothing": "<table>x<div>",
    "links in links": "<a href=x><div>",
    "attributes": '<a href="' + "&" * 2_000 + '" title=',
    "quotation marks": '<a ="',
    "comments": "<a <!--",
    "less": "<",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_made_within_two_seconds(name: str) -> None:
    piece = PAGES[name]
    html = "".join(piece.replace("%d", str(number)) for number in range(2 * LONGEST_PAGE // len(piece)))
    begin = process_time()
    page(html)
    assert process_time() - begin < SECONDS


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<ul><li>a<li>b</ul>c", "<ul><li>a</li><li>b</li></ul>c"),
        ("<div><b>a<i>b</b>c</i></div>", "<div><b>a<i>b</i></b>c</div>"),
        (
            "<table><tr><td>a<td>b<tr><td>c</div></table>d",
            "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>d",
        ),
        ("<div>" * 1_000 + "x", "<div>" * 100 + "x" + "</div>" * 100),
        ("a<br>b<hr>", "a<br>b<hr>"),
        ("1 < 2 &amp; &eacute; &copy;", "1 &lt; 2 &amp; é ©"),
        (
            "<a href='http://x.example/?a=1&amp;b=2' onclick=x>y</a>",
            '<a href="http://x.example/?a=1&amp;b=2" rel="noopener noreferrer">y</a>',
        ),
        ("<a href=javascript:x>y</a>", '<a rel="noopener noreferrer">y</a>'),
        ('<a title="1 > 0">y</a>', '<a title="1 &gt; 0" rel="noopener noreferrer">y</a>'),
        ("<script>x</script><style>y</style><img src=a><form>z<input></form>", "z"),
        ("<td colspan=2>x", "x"),
    ],
)
def test_a_page_shows_what_is_harmless(html: str, shown: str) -> None:
    assert page(html) == shown
