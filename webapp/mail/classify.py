"""What a mail that came in is: an ordered table, certain evidence first, words last."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from webapp.mail import arf, automatic, bounce, dsn, fields, mdn, reports, return_path
from webapp.mail.defects import Defect
from webapp.mail.parse import Mail, parse
from webapp.mail.reply import is_quoting, new_text
from webapp.mail.reports import Recipient


class Kind(StrEnum):
    """The kinds of mail that come in."""

    BOUNCE = "bounce"
    DELIVERY_REPORT = "delivery_report"
    READ_RECEIPT = "read_receipt"
    FEEDBACK_REPORT = "feedback_report"
    AUTOMATIC_ANSWER = "automatic_answer"
    REPLY = "reply"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Found:
    """What a row of the table found; `why` names the evidence. `unnamed`: see `bounce.Notice`."""

    kind: Kind
    why: str
    recipients: tuple[Recipient, ...] = ()
    unnamed: Recipient | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail and what it is. `answers`: the Message-IDs of the mails that it may answer, the most certain first.

    `tokens` are what may be our signed return path (see `mail.token`): more certain still, if the signature is right.

    `reply_text` is the new text of a reply or an automatic answer, without quotation and signature; None for others.
    `unnamed` is what a report says that names no recipient.
    """

    kind: Kind
    why: str
    recipients: tuple[Recipient, ...]
    reply_text: str | None
    answers: tuple[str, ...]
    tokens: tuple[str, ...]
    defects: tuple[Defect, ...]
    unnamed: Recipient | None = None


def classify(raw: bytes) -> Reading:
    """What the mail is. Any octets in, never an exception out."""
    return understand(parse(raw))


def understand(mail: Mail) -> Reading:
    """The same of a mail that was parsed already."""
    found = next(found for rule in RULES if (found := rule(mail)) is not None)
    written = found.kind in (Kind.REPLY, Kind.AUTOMATIC_ANSWER)
    return Reading(
        kind=found.kind,
        why=found.why,
        recipients=found.recipients,
        reply_text=new_text(mail) if written else None,
        answers=_answers(mail, found.kind),
        tokens=return_path.tokens(mail),
        defects=mail.defects,
        unnamed=found.unnamed,
    )


def _delivery_status(mail: Mail) -> Found | None:
    found = dsn.read(mail)
    return _reported(found, "message/delivery-status") if found else None


def _reported(recipients: tuple[Recipient, ...], why: str, action: str = "") -> Found:
    """A bounce, if any recipient failed: of those alone. Else a report of what happened on the way.

    `action` is what became of the mail where no recipient is named.
    """
    failed = tuple(recipient for recipient in recipients if recipient.action == "failed")
    if failed or (not recipients and action == "failed"):
        return Found(Kind.BOUNCE, why, failed)
    return Found(Kind.DELIVERY_REPORT, why, recipients)


def _noticed(notice: bounce.Notice, why: str) -> Found:
    return replace(_reported(notice.recipients, why, notice.action), unnamed=notice.unnamed)


def _disposition(mail: Mail) -> Found | None:
    found = mdn.read(mail)
    if found is None:
        return None
    refused = bounce.refused(mail, found.recipients)
    kind = Kind.BOUNCE if refused else Kind.READ_RECEIPT
    return Found(kind, "message/disposition-notification", refused or found.recipients)


def _feedback(mail: Mail) -> Found | None:
    found = arf.read(mail)
    return Found(Kind.FEEDBACK_REPORT, arf.KIND, found) if found is not None else None


def _notice_of_a_system(mail: Mail) -> Found | None:
    found = bounce.read(mail)
    return _noticed(found, "sent by a mail system") if found and found.certain else None


def _automatic(mail: Mail) -> Found | None:
    why = automatic.evidence(mail)
    return Found(Kind.AUTOMATIC_ANSWER, why) if why else None


def _reply(mail: Mail) -> Found | None:
    for name in ("in-reply-to", "references"):
        if fields.message_ids(mail.header(name)):
            return Found(Kind.REPLY, name.title())
    if _RE.match(mail.header("subject")) and is_quoting(mail):
        return Found(Kind.REPLY, "Subject and quotation")
    return None


def _notice_by_its_words(mail: Mail) -> Found | None:
    found = bounce.read(mail)
    return _noticed(found, "words of a report") if found else None


def _other(mail: Mail) -> Found:
    return Found(Kind.OTHER, "nothing else")


RULES: tuple[Callable[[Mail], Found | None], ...] = (
    _delivery_status,
    _disposition,
    _feedback,
    _notice_of_a_system,
    _automatic,
    _reply,
    _notice_by_its_words,
    _other,
)

_RE = re.compile(r"\W*(?:re|aw|res|rv|sv|antw|tr|ynt|vs|rif|odp)\s*(?:\[\d+\]|\(\d+\))?\s*:", re.IGNORECASE)


def _answers(mail: Mail, kind: Kind) -> tuple[str, ...]:
    receipt = mdn.read(mail)
    in_text = bounce.returned_ids(mail) if kind in (Kind.BOUNCE, Kind.DELIVERY_REPORT) else ()
    ids = (
        *(receipt.message_ids if receipt else ()),
        *(one for part in reports.returned(mail) for one in fields.message_ids(part.header("message-id"))),
        *in_text,
        *fields.message_ids(mail.header("in-reply-to")),
        *reversed(fields.message_ids(mail.header("references"))),
    )
    return tuple(dict.fromkeys(ids))
