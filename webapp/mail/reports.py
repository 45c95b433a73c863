"""What the parts for machines of all reports have in common (RFC 6522): fields as in a header, typed addresses."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import islice

from webapp.mail import fields
from webapp.mail.charset import one_line
from webapp.mail.mime import Part, take_apart
from webapp.mail.parse import Mail, body_text

MOST_RECIPIENTS = 1_000
MOST_PARTS = 100  # for machines
MOST_RETURNED = 10  # mails
LONGEST_PARTS = 2_000_000  # characters of all these together
LONGEST_HEADERS = 200_000  # octets of the headers that stand for a mail

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


def bodies(mail: Mail, kinds: Container[str]) -> Iterator[str]:
    """The texts of the parts for machines of those kinds, the first MOST_PARTS and LONGEST_PARTS characters of them."""
    left = LONGEST_PARTS
    for part in islice((part for part in mail.root.leaves() if part.kind in kinds), MOST_PARTS):
        text = body_text(part, most=left)
        yield text
        left -= len(text)
        if left <= 0:
            return


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
    """The first MOST_RETURNED mails that a report brings back, or their headers."""
    held = (part for part in mail.root.leaves() if part is not mail.root)
    brought = (part for part in held if part.parts or part.kind in _HEADERS_ONLY)
    for part in islice(brought, MOST_RETURNED):
        yield part.parts[0] if part.parts else take_apart(part.decoded(LONGEST_HEADERS)[0])[0]
