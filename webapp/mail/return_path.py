"""Where a mail that came in may show our signed return path."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from webapp.mail import dsn, reports
from webapp.mail.parse import Mail
from webapp.mail.token import tokens_in

MOST = 20

# Whom the mail came to, as the sender wrote it and as servers on the way noted it.
_CAME_TO = (
    *("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "x-forwarded-to"),
    *("apparently-to", "resent-to", "to", "cc"),
)
# Where a mail of ours that is quoted said that it came from.
_CAME_FROM = ("return-path", "x-envelope-from", "x-return-path", "errors-to")


def tokens(mail: Mail) -> tuple[str, ...]:
    """What may be tokens of ours, the most certain place first; whether they are, only their signature tells."""
    found = (token for text in _places(mail) for token in tokens_in(text))
    return tuple(islice(dict.fromkeys(found), MOST))


def _places(mail: Mail) -> Iterator[str]:
    for name in _CAME_TO:
        yield from mail.root.headers(name)
    yield from reports.bodies(mail, dsn.KINDS)
    for part in reports.returned(mail):
        yield from map(part.header, _CAME_FROM)
