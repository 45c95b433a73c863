"""What a person, or a server on the way, may answer to a mail: for trying out what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from webapp.errors import N_
from webapp.mail import fields, html_text
from webapp.mail.address import author_of
from webapp.mail.body import part
from webapp.mail.headers import mailbox_header, text_header
from webapp.mail.parse import Mail, parse

SERVER = "sandbox.local"
MOST_QUOTED = 200  # lines
_BOUNDARY = "=_a_report_of_the_sandbox"


class Unanswerable(ValueError):
    """The mail cannot be answered so; `template` says why, in English, and may be translated."""

    def __init__(self, template: str):
        self.template = template
        super().__init__(template)


@dataclass(frozen=True, slots=True)
class Question:
    """A mail that came to `recipient` with the envelope sender `sender`, and the words of the answer to it."""

    raw: bytes
    sender: str
    recipient: str
    words: str
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """An answer with its envelope; an empty `sender` is the null return path."""

    sender: str
    recipient: str
    raw: bytes


def answer(kind: str, question: Question) -> Letter:
    """The answer of a kind that `KINDS` names. Raises Unanswerable, and AddressError for a recipient that is none."""
    return KINDS[kind](question, parse(question.raw))


def _reply(question: Question, mail: Mail) -> Letter:
    return _by_person(question, mail, subject="Re: ")


def _away(question: Question, mail: Mail) -> Letter:
    return _by_person(question, mail, subject="Out of office: ", automatic=True)


def _by_person(question: Question, mail: Mail, *, subject: str, automatic: bool = False) -> Letter:
    to = author_of(mail.header("reply-to") or mail.header("from"))
    words = question.words if automatic else f"{question.words.rstrip()}\n\n{_quoted(question, mail)}"
    asked = mail.header("subject")
    said = asked if asked.lower().startswith(subject.strip().lower()) else subject + asked
    lines = [
        *_head(question, question.recipient, to, said),
        *_thread(mail),
        *((b"Auto-Submitted: auto-replied\r\n",) if automatic else ()),
        part("text/plain", words),
    ]
    return Letter("" if automatic else question.recipient, to, b"".join(lines))


def _quoted(question: Question, mail: Mail) -> str:
    text = mail.text if mail.text is not None else html_text.to_text(mail.html or "")
    said = [f"> {line}".rstrip() for line in text.strip().splitlines()[:MOST_QUOTED]]
    author = mail.header("from") or question.sender
    day = f"{mail.date or question.at:%a, %d %b %Y at %H:%M}"
    return "\n".join([f"On {day}, {author} wrote:", *said])


@dataclass(frozen=True, slots=True)
class _Fate:
    """What a server reports of a mail (RFC 3464 section 2.3)."""

    subject: str
    words: str
    action: str
    status: str
    reply: str


_FATES: Mapping[str, _Fate] = {
    "bounced": _Fate(
        "Undelivered Mail Returned to Sender",
        "Your message could not be delivered. The address does not exist here.",
        "failed",
        "5.1.1",
        "550 5.1.1 User unknown",
    ),
    "full": _Fate(
        "Undelivered Mail Returned to Sender",
        "Your message could not be delivered. The mailbox is full.",
        "failed",
        "4.2.2",
        "452 4.2.2 Mailbox full",
    ),
    "delayed": _Fate(
        "Delayed Mail (still being retried)",
        "Your message has not been delivered yet. It is tried again: you need not send it again.",
        "delayed",
        "4.4.1",
        "451 4.4.1 No answer from the host",
    ),
    "delivered": _Fate(
        "Successful Mail Delivery Report",
        "Your message was delivered to the mailbox.",
        "delivered",
        "2.0.0",
        "250 2.0.0 Delivered",
    ),
}


def _report(fate: _Fate) -> Callable[[Question, Mail], Letter]:
    def report(question: Question, _: Mail) -> Letter:
        if not question.sender:
            raise Unanswerable(N_("The mail has no return path, so no server reports anything of it."))
        status = (
            f"Reporting-MTA: dns; {SERVER}\r\n\r\n"
            f"Final-Recipient: rfc822; {question.recipient}\r\nAction: {fate.action}\r\nStatus: {fate.status}\r\n"
            f"Diagnostic-Code: smtp; {fate.reply}\r\n"
        )
        words = f"{fate.words}\n\n<{question.recipient}>: {fate.reply}\n"
        head = _head(question, f"MAILER-DAEMON@{SERVER}", question.sender, fate.subject)
        parts = ("message/delivery-status", status.encode()), ("text/rfc822-headers", _header_of(question.raw))
        lines = [*head, b"Auto-Submitted: auto-replied\r\n", _multipart("delivery-status", words, *parts)]
        return Letter("", question.sender, b"".join(lines))

    return report


def _read(question: Question, mail: Mail) -> Letter:
    """RFC 8098. Nobody sends a receipt that was not asked for."""
    wanted = mail.header("disposition-notification-to")
    if not wanted:
        raise Unanswerable(
            N_("The mail asks for no read receipt: its SMTP account, or what submitted it, would have to ask for one.")
        )
    to = author_of(wanted)
    told = (
        f"Reporting-UA: {SERVER}; Sandbox mailbox\r\nFinal-Recipient: rfc822; {question.recipient}\r\n"
        f"Original-Message-ID: {next(iter(fields.message_ids(mail.header('message-id'))), '')}\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n"
    )
    words = f"The message that you sent to {question.recipient} was displayed.\n"
    head = _head(question, question.recipient, to, "Read: " + mail.header("subject"))
    parts = ("message/disposition-notification", told.encode()), ("text/rfc822-headers", _header_of(question.raw))
    body = _multipart("disposition-notification", words, *parts)
    return Letter("", to, b"".join([*head, *_thread(mail), body]))


# By whom, and what: a person, a program of theirs, a server on the way.
KINDS: Mapping[str, Callable[[Question, Mail], Letter]] = {
    "reply": _reply,
    "away": _away,
    "read": _read,
    **{name: _report(fate) for name, fate in _FATES.items()},
}
WORDED = frozenset(("reply", "away"))


def _head(question: Question, author: str, to: str, subject: str) -> list[bytes]:
    return [
        f"Date: {format_datetime(question.at)}\r\n".encode(),
        f"Message-ID: {question.message_id}\r\n".encode(),
        mailbox_header("From", author),
        mailbox_header("To", to),
        text_header("Subject", subject),
        b"MIME-Version: 1.0\r\n",
    ]


def _thread(mail: Mail) -> list[bytes]:
    """RFC 5322 section 3.6.4."""
    own = fields.message_ids(mail.header("message-id"))[:1]
    if not own:
        return []
    earlier = fields.message_ids(mail.header("references"))
    return [text_header("In-Reply-To", own[0]), text_header("References", " ".join((*earlier, *own)))]


def _multipart(report_type: str, words: str, *parts: tuple[str, bytes]) -> bytes:
    head = f'Content-Type: multipart/report; report-type={report_type};\r\n boundary="{_BOUNDARY}"\r\n\r\n'.encode()
    made = [part("text/plain", words), *(f"Content-Type: {kind}\r\n\r\n".encode() + data for kind, data in parts)]
    between = f"--{_BOUNDARY}\r\n".encode()
    return head + b"".join(between + each + b"\r\n" for each in made) + f"--{_BOUNDARY}--\r\n".encode()


def _header_of(raw: bytes) -> bytes:
    data = raw.replace(b"\r\n", b"\n")
    return data[: data.find(b"\n\n") + 1 or None].replace(b"\n", b"\r\n")
