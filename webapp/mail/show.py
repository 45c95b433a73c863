"""A mail as pages show it: decoded headers, text, HTML, attachments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.mail import fields
from webapp.mail.charset import one_line, visible
from webapp.mail.defects import BEYOND_LIMITS, Defect
from webapp.mail.mime import Part
from webapp.mail.parse import LONGEST_TEXT, parse

MOST_HEADERS = 200

_CUTS = BEYOND_LIMITS | {Defect.TEXT_CUT}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is neither the text nor the HTML; `size` in bytes after decoding."""

    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail for reading. Texts hold no control characters but line ends and tabs; what is missing is empty or None.

    `date` is None when there is none or it cannot be read. `headers` are all of them, in order, decoded.
    `text` and `html` are the first parts of that kind; None means that there is none. `cut`: something was too long.
    """

    subject: str
    sender: str
    to: str
    cc: str
    date: datetime | None
    message_id: str
    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    cut: bool


def show(raw: bytes) -> Shown:
    """The mail in `raw` as people see it."""
    mail = parse(raw)
    written = mail.root.fields
    return Shown(
        subject=mail.header("subject"),
        sender=mail.header("from"),
        to=mail.header("to"),
        cc=mail.header("cc"),
        date=mail.date,
        message_id=mail.header("message-id"),
        headers=tuple((name, fields.text(value)) for name, value in written[:MOST_HEADERS]),
        text=mail.text,
        html=mail.html,
        attachments=tuple(_attachment(part) for part in mail.attachments),
        cut=len(written) > MOST_HEADERS or not _CUTS.isdisjoint(mail.defects),
    )


def source(raw: bytes, most: int = LONGEST_TEXT) -> str:
    """The bytes as text for a page: at most `most` bytes, controls made visible, nothing decoded."""
    return visible(raw[:most].replace(b"\r\n", b"\n").decode("utf-8", "replace"))


def _attachment(part: Part) -> Attachment:
    return Attachment(part.file_name, one_line(part.kind), len(part.decoded()[0]))
