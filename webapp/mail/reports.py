"""What the parts for machines of all reports have in common (RFC 6522): fields as in a header, typed addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from webapp.mail import fields
from webapp.mail.charset import one_line
from webapp.mail.mime import Part, take_apart
from webapp.mail.parse import Mail

MOST_RECIPIENTS = 1_000

AT = r"[^\s<>;,:()\[\]|\"'=@]{1,100}+@[\w-]{1,63}+(?:\.[\w-]{1,63}+){0,30}+"
ADDRESS = re.compile(AT)
_FIELD = re.compile(r"^[ \t]{0,3}([A-Za-z][A-Za-z0-9-]{1,40})[ \t]*+:(.*+(?:\n[ \t]++.*+)*+)", re.MULTILINE)
_TYPED = re.compile(r"\s*([A-Za-z0-9-]{2,20})\s*;(.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,5})\}")
_HEADERS_ONLY = frozenset(
    ("text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global-headers")
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """What a report says of one recipient.

    `address` is as the sender wrote it where the report says so, else where the mail finally went. `status` is the
    enhanced status code that the report states (RFC 3463); None where it states none. `permanent`: trying again is
    pointless. `diagnostic`: the words of the mail server. `action`: that of RFC 3464 section 2.3.3, the disposition
    type of RFC 8098 section 3.2.6, or the feedback type of RFC 5965.
    """

    address: str
    status: str | None = None
    permanent: bool = False
    diagnostic: str | None = None
    action: str = "failed"


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """The fields in a text, each name in lower case and its value on one line."""
    for found in _FIELD.finditer(text):
        yield found[1].lower(), " ".join(found[2].split())


def untyped(value: str) -> tuple[str, str]:
    """The type of a typed value (`rfc822; ana@corp.example`) in lower case, and what stands behind it."""
    found = _TYPED.match(value)
    return (found[1].lower(), found[2].strip()) if found else ("", value.strip())


def address(value: str) -> str:
    """The address in a typed value; empty when there is none."""
    kind, written = untyped(value)
    if kind == "utf-8":  # RFC 6533 section 3
        written = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), written)
    found = ADDRESS.search(fields.text(written.encode("utf-8", "replace")))
    return clean(found[0]) if found else ""


def clean(written: str) -> str:
    """An address without the marks that texts put around one."""
    return one_line(written).strip(".`*_‘’“”„«»")


def returned(mail: Mail) -> Iterator[Part]:
    """The mails that a report brings back, or their headers."""
    for part in mail.root.leaves():
        if part is not mail.root and part.parts:
            yield part.parts[0]
        elif part.kind in _HEADERS_ONLY:
            yield take_apart(part.decoded()[0])[0]
