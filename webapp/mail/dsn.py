"""Delivery status notifications (RFC 3464, 6533): what a mail system reports of each recipient."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from webapp.mail import reports
from webapp.mail.charset import one_line
from webapp.mail.parse import Mail
from webapp.mail.reports import Recipient
from webapp.mail.status import is_permanent, status_in

KINDS = frozenset(("message/delivery-status", "message/global-delivery-status"))

# The actions of RFC 3464 section 2.3.3, and what some mail systems write for them.
_ACTIONS = {
    "failed": "failed",
    "fail": "failed",
    "failure": "failed",
    "error": "failed",
    "permanent-failure": "failed",
    "delayed": "delayed",
    "delay": "delayed",
    "delivered": "delivered",
    "deliverable": "delivered",
    "relayed": "relayed",
    "expanded": "expanded",
}
_OF_RECIPIENT = frozenset(("final-recipient", "original-recipient", "action", "status"))


def read(mail: Mail) -> tuple[Recipient, ...]:
    """The recipients in the delivery-status parts of a mail."""
    found = (recipient for body in reports.bodies(mail, KINDS) for recipient in recipients(body))
    return tuple(islice(found, reports.MOST_RECIPIENTS))


def recipients(text: str) -> Iterator[Recipient]:
    """The recipients in the fields of a text. Those without an address are left out."""
    for block in islice(_blocks(text), reports.MOST_RECIPIENTS):
        found = _recipient(block)
        if found is not None:
            yield found


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """The fields of each recipient. Empty lines tell nothing: some mail systems leave them out, others put in more."""
    block: dict[str, str] = {}
    for name, value in reports.pairs(text):
        if name in _OF_RECIPIENT and name in block:
            yield block
            block = {}
        block.setdefault(name, value)
    yield block


def _recipient(block: dict[str, str]) -> Recipient | None:
    names = ("original-recipient", "final-recipient", "x-actual-recipient")
    address = next(filter(None, (reports.address(block.get(name, "")) for name in names)), "")
    if not address or not {"action", "status"} & block.keys():
        return None
    diagnostic = one_line(reports.untyped(block.get("diagnostic-code", ""))[1])
    status = status_in(block.get("status", "")) or status_in(diagnostic)
    action = _action(block, status)
    return Recipient(
        address, status, action == "failed" and is_permanent(status, diagnostic), diagnostic or None, action
    )


def _action(block: dict[str, str], status: str | None) -> str:
    word = re.match(r"[a-z-]*", block.get("action", "").lower())
    known = _ACTIONS.get(word[0] if word else "")
    if known:
        return known
    if status and status.startswith("2"):
        return "delivered"
    return "delayed" if "will-retry-until" in block else "failed"
