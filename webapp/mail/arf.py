"""Feedback reports: a reader called a mail abuse, or a mail system reports on its authentication (RFC 5965, 6591)."""

from __future__ import annotations

from webapp.mail import reports
from webapp.mail.parse import Mail
from webapp.mail.reports import Recipient

KIND = "message/feedback-report"

_OUTLOOK = "x-hmxmroriginalrecipient"  # Outlook.com sends the mail back with this field, and no report for machines


def read(mail: Mail) -> tuple[Recipient, ...] | None:
    """Those whose mail system sent the report, as far as it names them (many hide them); None when it is no report."""
    for body in reports.bodies(mail, (KIND,)):
        stated = [*reports.pairs(body)]
        kind = next((value.lower() for name, value in stated if name == "feedback-type"), "abuse")
        written = [value for name, value in stated if name in ("original-rcpt-to", "removal-recipient")]
        return _named(written[: reports.MOST_RECIPIENTS] or [mail.header("original-recipient")], kind)
    written = [part.header(_OUTLOOK) for part in reports.returned(mail) if part.raw(_OUTLOOK)]
    return _named(written, "abuse") if written else None


def _named(written: list[str], kind: str) -> tuple[Recipient, ...]:
    named = dict.fromkeys(filter(None, map(reports.address, written)))
    return tuple(Recipient(address, diagnostic=kind, action=kind) for address in named)
