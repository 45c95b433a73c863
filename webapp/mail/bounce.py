"""Reports of mail systems in text alone: those that send no part for machines (RFC 3464), or a broken one.

Who sent the mail and what it says decide whether it is a report. Then the addresses are taken from the most telling
place that has any.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from webapp.mail import bounce_words as words
from webapp.mail import dsn, fields, reports
from webapp.mail.html_text import to_text
from webapp.mail.parse import Mail
from webapp.mail.reports import ADDRESS, AT, Recipient, clean
from webapp.mail.status import is_permanent, reply_in, status_in

LONGEST_NOTICE = 20_000
LONGEST_DIAGNOSTIC = 1_000

_MOST_NAMED = 200  # recipients
_LINE_BEFORE = 200  # characters before an address that tell whose it is

_BULLET = r"^[ \t]*+(?:[*•·-]|>>>|\d{1,3}\.?)?[ \t]*+\[?"
# How a line names a recipient, the most telling first; for text in lower case.
_FORMS = (
    re.compile(rf"{_BULLET}<?({AT})[>\]]?:(?:[ \t]|$)", re.MULTILINE),  # qmail, Postfix, OpenSMTPD, Yahoo
    re.compile(rf"{_BULLET}<?({AT})[>\]]?[ \t]*+$", re.MULTILINE),  # Exim, Gmail, Domino, Amazon
    re.compile(
        rf"{_BULLET}(?:[245]\.\d\.\d{{1,2}}[ \t])?<?({AT})>?[ \t]*+(?:\.\.\.|[(\[;,<]|on |(?=.{{0,200}}\b[45]\d\d\b))",
        re.MULTILINE,
    ),  # Sendmail, Exchange, Zoho
    re.compile(
        r"\b(?:recipients?(?: address)?|rcpt to|unknown user|user unknown|deliver\w*(?: \w+){0,5} to|reach(?: \w+){0,4}"
        rf"|destinat\w+|errors?|address(?:es)?)[ \t]*+(?:\(e?s\))?[ \t]*+:?[ \t]*+\n?[ \t]*+<?({AT})>?"
    ),
    ADDRESS,
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A report in text: its recipients, as far as it names them, and what became of the mail (RFC 3464 section 2.3.3).

    `certain`: a mail system has sent it beyond doubt. `unnamed` is what it says where it names nobody: a recipient
    without an address.
    """

    recipients: tuple[Recipient, ...]
    action: str
    certain: bool
    unnamed: Recipient | None = None


def read(mail: Mail) -> Notice | None:
    """What the mail reports in text; None when it reports nothing."""
    subject = words.lower(mail.header("subject"))
    named = tuple(dict.fromkeys(ADDRESS.findall(mail.header("x-failed-recipients"))))
    system = bool(named) or is_system(mail.header("from"))
    told = (words.FAILURES.search(subject) or words.REPORTS.search(subject)) and not words.ANSWERED.match(subject)
    if not (system or told or _is_without_sender(mail)):
        return None
    text = _text(mail)
    notice, returned = _cut(text)
    action = _action(words.lower(notice), subject, system=system) or ("failed" if named else "")
    if not action:
        return None
    recipients = _stated(text)
    if not recipients:
        addresses = (named or _found(mail, notice) or _addressed(mail, returned))[:_MOST_NAMED]
        pieces = _pieces(notice, addresses)
        recipients = tuple(_recipient(one, pieces[one], action) for one in addresses)
    if recipients:
        return Notice(recipients, action, system)
    return Notice((), action, system, _recipient("", notice, action)) if system and told else None


def returned_ids(mail: Mail) -> tuple[str, ...]:
    """The Message-IDs of the mail that a report brings back in its text."""
    _, returned = _cut(_text(mail))
    written = (value for name, value in reports.pairs(returned) if name == "message-id")
    return tuple(one for value in written for one in fields.message_ids(value))


def refused(mail: Mail, receipt: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    """Those for whom a mail system says by a read receipt that it refused the mail (RFC 5429 section 2.1.2)."""
    if not is_system(mail.header("from")):
        return ()
    said = " ".join(_text(mail).split())[:LONGEST_DIAGNOSTIC]
    return tuple(_recipient(one.address, said, "failed") for one in receipt if one.action == "deleted")


def is_system(sender: str) -> bool:
    """Whether the sender is a program that carries mail, or those who run it."""
    return sender.strip() == "<>" or bool(words.SYSTEMS.search(words.lower(sender)))


def _is_without_sender(mail: Mail) -> bool:
    """Whether it came with the null return path of reports (RFC 5321 section 4.5.5), and is no answer of a program."""
    path = mail.header("return-path").lower()
    return (path == "<>" or path.startswith("<mailer-daemon")) and not mail.root.raw("auto-submitted")


def _text(mail: Mail) -> str:
    text = mail.text if mail.text and mail.text.strip() else to_text(mail.html or "")
    return text[:LONGEST_NOTICE]


def _cut(text: str) -> tuple[str, str]:
    """The words of the mail system, and the mail that came back."""
    for found in words.ORIGINAL.finditer(words.lower(text)):
        if text[: found.start()].strip():
            return text[: found.start()], text[found.end() :]
    return text, ""


def _action(notice: str, subject: str, *, system: bool) -> str:
    """What became of the mail by the words of the report; empty when they do not say. A system's subject counts."""
    if words.DELIVERED.search(notice):
        return "delivered"
    if (words.DELAYED.search(notice) or words.DELAYED.search(subject)) and not words.GIVEN_UP.search(notice):
        return "delayed"
    return "failed" if words.FAILED.search(notice) or (system and words.FAILURES.search(subject)) else ""


def _stated(text: str) -> tuple[Recipient, ...]:
    """The fields of RFC 3464 where they stand in the text itself."""
    return tuple(dsn.recipients(text)) if words.FIELDS.search(words.lower(text)) else ()


def _found(mail: Mail, notice: str) -> tuple[str, ...]:
    """The addresses of recipients in the words of the mail system, best after it has said what happened to them.

    Our own address is one only where a line names it and nothing else is found: reports greet us with it.
    """
    ours = {one.lower() for name in ("to", "delivered-to", "from") for one in _headed(mail, name)}
    told = words.FAILED.search(words.lower(notice))
    for text in (notice[told.start() :], notice) if told else (notice,):
        for form in _FORMS:
            found = tuple(one for one in _by_form(form, text) if one.lower() not in ours)
            if found:
                return found
    return next(filter(None, (_by_form(form, notice) for form in _FORMS[:2])), ())


def _by_form(form: re.Pattern[str], text: str) -> tuple[str, ...]:
    lower = words.lower(text)
    found = []
    for match in islice(form.finditer(lower), 2 * _MOST_NAMED):
        start, end = match.span(form.groups)
        line = max(text.rfind("\n", 0, start) + 1, start - _LINE_BEFORE)
        if not words.ELSEWHERE.search(lower, line, start):
            found.append(clean(text[start:end]))
    return tuple(dict.fromkeys(found))


def _headed(mail: Mail, name: str) -> Iterator[str]:
    for value in mail.root.headers(name):
        yield from map(clean, ADDRESS.findall(value))


def _addressed(mail: Mail, returned: str) -> tuple[str, ...]:
    """To whom the mail went that came back, if that was one address."""
    inline = (value for name, value in reports.pairs(returned) if name == "to")
    for value in (*(part.header("to") for part in reports.returned(mail)), *inline):
        found = tuple(dict.fromkeys(map(clean, ADDRESS.findall(value))))
        if found:
            return found if len(found) == 1 else ()
    return ()


def _pieces(notice: str, addresses: tuple[str, ...]) -> dict[str, str]:
    """What the report says of each address: the narrowest piece around it that has a code or telling words."""
    lower = words.lower(notice)
    starts = {one: lower.find(one.lower()) for one in addresses}
    begins = sorted(start for start in starts.values() if start >= 0)
    pieces = {}
    for one, at in starts.items():
        following = bisect_right(begins, at)
        end = begins[following] if following < len(begins) else len(notice)
        pieces[one] = _piece(notice, at, end) if at >= 0 else notice
    return pieces


def _piece(notice: str, at: int, next_address: int) -> str:
    start = notice.rfind("\n", 0, at) + 1
    for end in (notice.find("\n", at), notice.find("\n\n", at)):
        if 0 < end <= next_address and _is_telling(notice[start:end]):
            return notice[start:end]
    piece = notice[start:next_address]
    return piece if _is_telling(piece) or next_address < len(notice) else notice


def _is_telling(piece: str) -> bool:
    return bool(status_in(piece) or reply_in(piece) or words.PASSING.search(words.lower(piece)))


def _recipient(address: str, about: str, action: str) -> Recipient:
    status = status_in(about)
    if status and status.startswith("2") and action != "delivered":
        status = None
    return Recipient(
        address=address,
        status=status,
        permanent=action == "failed" and is_permanent(status, about),
        diagnostic=" ".join(about.split())[:LONGEST_DIAGNOSTIC] or None,
        action=action,
    )
