"""Whatever the words: on the wire there are only the headers we meant, and they say what was given."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webapp.mail.address import clean_header_text
from webapp.mail.body import canonical_text
from webapp.mail.compose import Identity, Words, prepare

HIDDEN_BCC = "=?utf-8?q?a=0d=0aBcc=3a_evil=40x?="  # CVE-2024-6923: no line break in sight
HIDDEN_B64 = "=?utf-8?b?YQ0KQmNjOiBldmlsQHg=?="
OURS = [
    *(
        "Date",
        "Message-ID",
        "From",
        "To",
        "Subject",
        "Reply-To",
        "Disposition-Notification-To",
        "Auto-Submitted",
    ),
    *("X-Auto-Response-Suppress", "X-Mailer", "X-Test", "MIME-Version", "Content-Type"),
]
NASTY = st.lists(
    st.one_of(
        st.text(st.characters(), max_size=30),
        st.sampled_from(
            [
                HIDDEN_BCC,
                HIDDEN_B64,
                "\r\n",
                "\n\n",
                "\r",
                " ",
                "   ",
                "=?",
                "?=",
                '"',
                "\\",
                "<e@x>",
                ",",
                "é",
            ]
        ),
        st.text('abc =?_"\\.', max_size=90),
        st.integers(70, 1200).map(lambda length: "x" * length),
    ),
    max_size=8,
).map("".join)


def compose(subject: str, name: str, text: str, html: str | None) -> bytes:
    identity = Identity("arauto@corp.example", name, "help@corp.example", "receipts@corp.example")
    return prepare(identity, Words(subject, text, html), footer=name, extra={"X-Test": subject}).render(
        to_address="ana@corp.example", to_name=name, message_id="<1@x>", date=datetime.now(UTC)
    )


def unfolded(value: str) -> str:
    return value.replace("\r\n", "").replace("\n", "")


@settings(deadline=None)  # the machine may be busy
@given(subject=NASTY, name=NASTY, text=NASTY, html=st.none() | NASTY)
@example(HIDDEN_BCC, HIDDEN_BCC, HIDDEN_BCC, HIDDEN_BCC)
@example(HIDDEN_B64, f'"{HIDDEN_B64}" <e@x>', "", "")
def test_no_words_ever_add_a_header_or_break_a_line(subject: str, name: str, text: str, html: str | None) -> None:
    data = compose(subject, name, text, html)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data)
    assert data.endswith(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data.isascii()
    head = data.split(b"\r\n\r\n", 1)[0]
    assert all(line.strip() for line in head.split(b"\r\n"))
    expected = OURS + ["Content-Transfer-Encoding"] * (html is None)
    assert message_from_bytes(data).keys() == expected
    assert message_from_bytes(data, policy=policy.default).keys() == expected
    again = message_from_bytes(data, policy=policy.default).as_bytes(policy=policy.SMTP)
    assert sorted(message_from_bytes(again).keys()) == sorted(expected)


@settings(deadline=None)  # the machine may be busy
@given(subject=NASTY, name=NASTY)
@example(HIDDEN_BCC, HIDDEN_BCC)
@example("a  b" * 40, "a  b" * 40)
def test_headers_say_what_was_given(subject: str, name: str) -> None:
    mail = message_from_bytes(compose(subject, name, "t", None))
    assert str(make_header(decode_header(unfolded(mail["Subject"])))) == clean_header_text(subject)
    assert unfolded(mail["X-Test"]) == unfolded(mail["Subject"]) or "=?" in mail["X-Test"]
    for header, address in (("From", "arauto@corp.example"), ("To", "ana@corp.example")):
        shown, bare = parseaddr(unfolded(mail[header]))
        assert bare == address
        assert str(make_header(decode_header(shown))) == clean_header_text(name)


@settings(deadline=None)  # the machine may be busy
@given(subject=NASTY)
@example(HIDDEN_BCC)
def test_the_modern_parser_reads_the_same_subject(subject: str) -> None:
    mail = message_from_bytes(compose(subject, "n", "t", None), policy=policy.default)
    assert mail["Subject"] == clean_header_text(subject)


@settings(deadline=None)  # the machine may be busy
@given(text=NASTY, html=NASTY)
def test_bodies_say_what_was_given(text: str, html: str) -> None:
    identity = Identity("arauto@corp.example")
    data = prepare(identity, Words("s", text, html)).render(
        to_address="a@x", message_id="<1@x>", date=datetime.now(UTC)
    )
    mail = message_from_bytes(data, policy=policy.default)
    bodies = [part.get_payload(decode=True).decode().replace("\r\n", "\n") for part in mail.iter_parts()]
    assert bodies == [canonical_text(text), canonical_text(html)]
    single = prepare(identity, Words("s", text)).render(to_address="a@x", message_id="<1@x>", date=datetime.now(UTC))
    body = message_from_bytes(single, policy=policy.default).get_payload(decode=True)
    assert body.decode().replace("\r\n", "\n") == canonical_text(text)


@pytest.mark.parametrize("value", [HIDDEN_BCC, HIDDEN_B64, f"before {HIDDEN_BCC} after", "=?utf-8?q?=0a?= x =?"])
def test_text_that_looks_encoded_arrives_as_its_literal_characters(value: str) -> None:
    data = compose(value, value, "t", None)
    mail = message_from_bytes(data, policy=policy.default)
    assert mail["Subject"] == value
    assert mail["From"].addresses[0].addr_spec == "arauto@corp.example"
    assert mail["To"].addresses[0].addr_spec == "ana@corp.example"
    # The structured parser of 3.11 keeps the space between two encoded-words, so the older decoder is asked.
    shown, _ = parseaddr(unfolded(message_from_bytes(data)["From"]))
    assert str(make_header(decode_header(shown))) == value
    assert b"evil" not in re.sub(rb"=\?utf-8\?[bq]\?[^?]*\?=", b"", data)


def test_header_lines_stay_within_78_where_there_is_a_place_to_fold() -> None:
    subject, name = "word " * 60, "Nome " * 30
    for line in compose(subject, name, "t", None).split(b"\r\n\r\n")[0].split(b"\r\n"):
        assert len(line) <= 78
    for line in compose("ação " * 60, "João " * 30, "t", None).split(b"\r\n\r\n")[0].split(b"\r\n"):
        assert len(line) <= 76
