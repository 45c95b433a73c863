"""Mails to wire bytes, fast: prepare once what recipients share, render the rest for each.

The standard library's `EmailMessage` takes more than a millisecond a mail; this composer writes the same
bytes by hand. What keeps it honest is its test: the wire bytes are parsed again with the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType

from webapp.mail.address import envelope_form
from webapp.mail.body import part, with_footer, with_html_footer
from webapp.mail.headers import mailbox_header, text_header

NO_EXTRA: Mapping[str, str] = MappingProxyType({})
AUTO_RESPONSE_SUPPRESS = "OOF, AutoReply"  # [MS-OXCMAIL] 2.2.3.2.14; receipts (RN, DR) stay wanted
MAILER = "Arauto"  # by this an Arauto knows the mail of an Arauto

_OWN_HEADERS = frozenset(
    (
        *("from", "sender", "reply-to", "to", "cc", "bcc", "date", "message-id", "subject", "auto-submitted"),
        *(
            "disposition-notification-to",
            "x-auto-response-suppress",
            "x-mailer",
            "mime-version",
            "received",
            "return-path",
        ),
    )
)
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,480}@[!-;=?A-~]{1,480}>\Z")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a mail is from, and where answers and read receipts go; `""` means that the header is absent."""

    sender_email: str
    sender_name: str = ""
    reply_to: str = ""
    confirmation_to: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a mail says; with `html` it becomes `multipart/alternative`."""

    subject: str
    text: str
    html: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mail without its recipient, Message-ID and date: immutable, shared by threads, worth caching.

    `smtputf8` tells that a header of its own needs a server with SMTPUTF8 (RFC 6531), whoever the recipient
    is.
    """

    sender: bytes
    rest: bytes
    smtputf8: bool

    def render(self, *, to_address: str, to_name: str = "", message_id: str, date: datetime) -> bytes:
        """Return the wire bytes of one mail: CRLF lines, none stuffed with a dot, no final dot.

        `message_id` comes with its angle brackets, `date` with its time zone (shown in UTC). Raises
        `ValueError` for either when it is not so, and `AddressError` when `to_address` is not one bare
        address.
        """
        if not _MESSAGE_ID.match(message_id):
            raise ValueError(f"{message_id!r} is not a Message-ID in angle brackets")
        return b"".join(
            (
                _date_header(date),
                b"Message-ID: ",
                message_id.encode("ascii"),
                b"\r\n",
                self.sender,
                mailbox_header("To", to_address, to_name),
                self.rest,
            )
        )


def prepare(
    identity: Identity,
    words: Words,
    *,
    footer: str = "",
    auto_submitted: str = "auto-generated",
    extra: Mapping[str, str] = NO_EXTRA,
) -> Prepared:
    """Return everything of a mail that does not vary with its recipient.

    `auto_submitted` is the keyword of RFC 3834 section 5 (`""` leaves the header out), `extra` holds more
    headers as name and text. Raises `AddressError` for an address of the identity that is not one bare
    address, and `ValueError` for an extra header that is not a header name or that is written here or by
    MIME.
    """
    optional = (
        ("Reply-To", identity.reply_to),
        ("Disposition-Notification-To", identity.confirmation_to),  # RFC 8098 section 2.1
    )
    lines = [text_header("Subject", words.subject)]
    lines += [mailbox_header(name, address) for name, address in optional if address]
    if auto_submitted:
        lines.append(text_header("Auto-Submitted", auto_submitted))
    lines.append(f"X-Auto-Response-Suppress: {AUTO_RESPONSE_SUPPRESS}\r\nX-Mailer: {MAILER}\r\n".encode("ascii"))
    lines += [text_header(_allowed(name), value) for name, value in extra.items()]
    lines.append(b"MIME-Version: 1.0\r\n")
    lines.append(_content(words, footer))
    addresses = (identity.sender_email, identity.reply_to, identity.confirmation_to)
    return Prepared(
        sender=mailbox_header("From", identity.sender_email, identity.sender_name),
        rest=b"".join(lines),
        smtputf8=any(envelope_form(address)[1] for address in addresses if address),
    )


def _content(words: Words, footer: str) -> bytes:
    plain = part("text/plain", with_footer(words.text, footer))
    if words.html is None:
        return plain
    rich = part("text/html", with_html_footer(words.html, footer))
    # A text cannot hold the hash of itself, so the boundary never occurs in a part.
    boundary = b"=_" + blake2b(plain + rich, digest_size=16).hexdigest().encode("ascii")
    return b"".join(
        (
            b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n\r\n',
            b"--" + boundary + b"\r\n" + plain,
            b"\r\n--" + boundary + b"\r\n" + rich,
            b"\r\n--" + boundary + b"--\r\n",
        )
    )


def _allowed(name: str) -> str:
    if name.lower() in _OWN_HEADERS or name.lower().startswith("content-"):
        raise ValueError(f"the header {name} is written by the composer")
    return name


def _date_header(date: datetime) -> bytes:
    if date.tzinfo is None:
        raise ValueError("the date of a mail needs a time zone")
    return _date_line(date.astimezone(UTC).replace(microsecond=0))


@lru_cache(maxsize=64)
def _date_line(date: datetime) -> bytes:
    return f"Date: {format_datetime(date)}\r\n".encode("ascii")
