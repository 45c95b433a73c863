"""Enhanced status codes (RFC 3463): found in fields and text, and whether they mean that trying again is pointless."""

from __future__ import annotations

import re

from webapp.mail import bounce_words as words

_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(
    r"(?<![\d.\-:/\w])([45])([0-5]\d)(?=[ \-#:]|$)(?![ ]?(?:bytes|kb|hours|minutes|seconds|days))", re.I
)

# Subject and detail of what passes by itself, whatever the class: RFC 3463 calls the first three persistent transient
# errors, and of the fourth the actual problem is unknown. No address may be given up for them. 5.4.1, of which it says
# the same, is not here: Exchange Online answers it for recipients who do not exist.
_PASSING = frozenset(
    (
        (2, 2),  # the mailbox is full
        (3, 1),  # the mail system is full
        (4, 5),  # the mail system is congested
        (4, 7),  # the time to deliver it is over
    )
)


def status_in(text: str) -> str | None:
    """The first enhanced status code in a text."""
    found = _CODE.search(text)
    return found[0] if found else None


def reply_in(text: str) -> str | None:
    """The first SMTP reply code of a refusal (RFC 5321 section 4.2) in a text."""
    found = _REPLY.search(text)
    return found[0] if found else None


def is_permanent(status: str | None, said: str = "") -> bool:
    """Whether an address that failed will never take this mail.

    By the status. Where there is none, or it says no more than its class (5.0.0): by the status in what the mail server
    said, else by its words, else by its reply code. Where nothing tells: yes, because nothing more will be tried.
    """
    if status is None or status.endswith(".0.0"):
        stated = status_in(said)
        if stated and not stated.endswith(".0.0"):
            status = stated
        elif words.PASSING.search(words.lower(said)):
            return False
        elif status is None:
            return not (reply_in(said) or "5").startswith("4")
    kind, subject, detail = (int(number) for number in status.split("."))
    return kind == 5 and (subject, detail) not in _PASSING
