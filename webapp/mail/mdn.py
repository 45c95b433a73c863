"""Read receipts: message disposition notifications (RFC 8098, 6533)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from webapp.mail import fields, reports
from webapp.mail.charset import one_line
from webapp.mail.parse import Mail
from webapp.mail.reports import Recipient

KINDS = frozenset(("message/disposition-notification", "message/global-disposition-notification"))

_DISPOSITION = re.compile(r"[^;]*;\s*([A-Za-z-]+)")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a mail: one recipient, whose action is `displayed`, `deleted` or another disposition type.

    `message_ids` holds the Message-ID of the mail that was sent.
    """

    recipients: tuple[Recipient, ...]
    message_ids: tuple[str, ...]


def read(mail: Mail) -> Receipt | None:
    """The read receipt in a mail; None when it is none."""
    for body in reports.bodies(mail, KINDS):
        stated = dict(reversed([*reports.pairs(body)]))
        disposition = one_line(stated.get("disposition", ""))
        names = ("original-recipient", "final-recipient")
        address = next(filter(None, (reports.address(stated.get(name, "")) for name in names)), "")
        kind = _DISPOSITION.match(disposition)
        action = kind[1].lower() if kind else "unknown"
        return Receipt(
            (Recipient(address, diagnostic=disposition or None, action=action),) if address else (),
            fields.message_ids(stated.get("original-message-id", "")),
        )
    return None
