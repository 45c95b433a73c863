"""When a mail arrived, as the server that took it last wrote down."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SEARCHED = 64 * 1024
_RECEIVED = re.compile(rb"^received:((?:[^\n]*\n[ \t])*[^\n]*)", re.IGNORECASE | re.MULTILINE)
_DATE = re.compile(rb"^date:((?:[^\n]*\n[ \t])*[^\n]*)", re.IGNORECASE | re.MULTILINE)


def arrival(raw: bytes) -> datetime | None:
    """The time of the topmost `Received` (RFC 5321 section 4.4), else `Date`, in UTC; None where none can be read."""
    head = raw[:SEARCHED].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    received = _RECEIVED.search(head)
    for found in (received and received[1].rpartition(b";")[2], (written := _DATE.search(head)) and written[1]):
        moment = _moment(found) if found else None
        if moment is not None:
            return moment
    return None


def _moment(text: bytes) -> datetime | None:
    try:
        moment = parsedate_to_datetime(" ".join(text.decode("ascii", "replace").split()))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if 1970 <= moment.year <= 9998 else None
