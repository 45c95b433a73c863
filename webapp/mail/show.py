"""A mail as people see it: decoded headers, text, HTML, attachments. Any bytes in, never an exception out.

The standard library's modern policy raises on some broken headers and is slow on others, so the mail is read with the
old one, and every value is decoded here, each on its own: what cannot be read costs only itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

LARGEST = 32 * 1024 * 1024
LARGEST_HEAD = 256 * 1024
MOST_HEADERS = 200
LONGEST_HEADER = 8_000
LONGEST_NAME = 100
LONGEST_BODY = 2_000_000
MOST_PARTS = 200
YEARS = range(1970, 9999)

# They decode something else than text, take long on purpose-made input, or warn.
_NOT_FOR_MAIL = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
_BROKEN = (HeaderParseError, LookupError, ValueError, TypeError, AttributeError, RecursionError)
_JOINERS = "\u200c\u200d"


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
    message, whole = _parsed(raw)
    headers, all_headers = _headers(message)
    first: dict[str, str] = {}
    for name, value in headers:
        first.setdefault(name.lower(), value)
    text, html, attachments, all_parts = _parts(message)
    return Shown(
        subject=first.get("subject", ""),
        sender=first.get("from", ""),
        to=first.get("to", ""),
        cc=first.get("cc", ""),
        date=_date(first.get("date", "")),
        message_id=first.get("message-id", ""),
        headers=headers,
        text=text,
        html=html,
        attachments=attachments,
        cut=not (whole and all_headers and all_parts),
    )


def source(raw: bytes, most: int = LONGEST_BODY) -> str:
    """The bytes as text for a page: at most `most` bytes, controls made visible, nothing decoded."""
    return _visible(raw[:most].replace(b"\r\n", b"\n").decode("utf-8", "replace"))


def _parsed(raw: bytes) -> tuple[Message, bool]:
    """The mail, and whether all of it was read; one that is nested absurdly deep is read without its parts."""
    try:
        return message_from_bytes(raw[:LARGEST], policy=policy.compat32), len(raw) <= LARGEST
    except _BROKEN:
        head = re.split(rb"\r?\n\r?\n", raw[:LARGEST_HEAD], maxsplit=1)[0]
        lines = re.sub(rb"(?im)^content-[!-9;-~]*:[^\r\n]*(\r?\n[ \t][^\r\n]*)*\r?\n?", b"", head)
        return message_from_bytes(lines + b"\n\n", policy=policy.compat32), False


def _headers(message: Message) -> tuple[tuple[tuple[str, str], ...], bool]:
    items = list(message.raw_items())
    kept = tuple((_line(_utf8(name[:LONGEST_NAME])), _decoded(_utf8(value))) for name, value in items[:MOST_HEADERS])
    return kept, len(items) <= MOST_HEADERS


def _utf8(text: str) -> str:
    """Octets above ASCII stand in the parsed mail as surrogates; what they mean is UTF-8 (RFC 6532)."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decoded(value: str) -> str:
    """One header value: unfolded, its encoded-words (RFC 2047) read."""
    value = re.sub(r"\r?\n|\r", "", value[:LONGEST_HEADER])
    try:
        return _line(str(make_header(decode_header(value))))
    except _BROKEN:
        return _line(value)


def _line(text: str) -> str:
    return " ".join(_visible(text).split())


def _visible(text: str) -> str:
    """Controls, lone surrogates and characters that turn the direction of writing become U+FFFD."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" or c in _JOINERS or c.isspace() else "\ufffd" for c in text)


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (*_BROKEN, OverflowError):
        return None
    return moment if moment.year in YEARS else None


def _parts(message: Message) -> tuple[str | None, str | None, tuple[Attachment, ...], bool]:
    bodies: dict[str, str] = {}
    attachments: list[Attachment] = []
    whole = True
    for number, part in enumerate(_leaves(message)):
        if number >= MOST_PARTS:
            whole = False
            break
        kind = part.get_content_type()
        name = _file_name(part)
        if kind in ("text/plain", "text/html") and kind not in bodies and not name and not _attached(part):
            body = _body(part)
            whole = whole and len(body) <= LONGEST_BODY
            bodies[kind] = body[:LONGEST_BODY]
        else:
            attachments.append(Attachment(name, _line(kind[:LONGEST_NAME]), len(_bytes(part))))
    return bodies.get("text/plain"), bodies.get("text/html"), tuple(attachments), whole


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something themselves, in order; a mail inside a mail counts as one."""
    waiting: list[Message] = [message]
    while waiting:
        part = waiting.pop()
        payload = part.get_payload()
        if isinstance(payload, list) and part.get_content_maintype() == "multipart":
            waiting += [inner for inner in reversed(payload) if isinstance(inner, Message)]
        else:
            yield part


def _attached(part: Message) -> bool:
    return str(part.get("Content-Disposition", "")).lower().lstrip().startswith("attachment")


def _file_name(part: Message) -> str:
    try:
        return _line(_decoded(part.get_filename("") or ""))
    except _BROKEN:
        return "?"


def _bytes(part: Message) -> bytes:
    try:
        payload = part.get_payload()
        if isinstance(payload, list):
            return b"".join(inner.as_bytes() for inner in payload if isinstance(inner, Message))
        decoded = part.get_payload(decode=True)
    except (*_BROKEN, AssertionError, KeyError):
        return b""
    return decoded if isinstance(decoded, bytes) else b""


def _body(part: Message) -> str:
    data = _bytes(part)
    try:
        charset = (part.get_content_charset() or "utf-8").replace("-", "_")
        text = data.decode("utf-8" if charset in _NOT_FOR_MAIL else charset, "replace")
    except _BROKEN:
        text = data.decode("utf-8", "replace")
    return _visible(re.sub(r"\r\n?", "\n", text))
