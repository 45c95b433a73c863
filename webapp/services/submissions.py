"""Direct submissions: a message that a program words and addresses itself. It takes the same road as all others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.channels import registry
from webapp.errors import InvalidInput, Problem
from webapp.mail.compose import Words
from webapp.models import SmtpAccount
from webapp.services import outbox
from webapp.services.checks import check_text
from webapp.services.fields import check_email
from webapp.services.unit import write

LONGEST_SUBJECT = 500
LONGEST_TEXT = 500_000
LONGEST_NAME = 200
YEARS = range(1970, 9999)
OVERRIDES = ("confirmation_to", "reply_to", "return_path")


@dataclass(frozen=True, slots=True)
class Submission:
    """A message as it was sent to us. `priority` is a name of `outbox.PRIORITIES`, or 0 (least) to 9."""

    channel: str
    to: str
    text: str
    subject: str = ""
    html: str | None = None
    account: str | None = None
    reply_to: str | None = None
    return_path: str | None = None
    confirmation_to: str | None = None
    send_at: datetime | None = None
    expires_at: datetime | None = None
    priority: str | int = "normal"


@dataclass(frozen=True, slots=True)
class Submitted:
    """The message in the queue, and which of its fields the account does not let it choose, sorted."""

    message: outbox.Queued
    overridden: list[str]


def submit(new: Submission) -> Submitted:
    """Put the message into the queue. Raises InvalidInput naming each field that is wrong.

    Without any SMTP account it is accepted all the same, and waits for the first default one.
    """
    with write() as session:
        found = [*_content_problems(new), *_time_problems(new)]
        addresses = {name: _address(name, getattr(new, name), found) for name in ("to", *OVERRIDES)}
        account = _account(session, new.account, found)
        if found:
            raise InvalidInput(found)
        chosen = [name for name in OVERRIDES if addresses[name]]
        overridden = chosen if account and account.force_settings else []
        kept = {name: addresses[name] for name in chosen if name not in overridden}
        [message] = outbox.enqueue(
            session,
            [
                outbox.NewMessage(
                    channel=new.channel,
                    recipient=addresses["to"] or "",
                    words=Words(new.subject.strip(), new.text, new.html),
                    account_id=account.id if account else None,
                    priority=_priority(new.priority),
                    send_at=new.send_at,
                    expires_at=new.expires_at,
                    reply_to=kept.get("reply_to"),
                    return_path=kept.get("return_path"),
                    confirmation_to=kept.get("confirmation_to"),
                )
            ],
        )
    return Submitted(message, overridden)


def _content_problems(new: Submission) -> list[Problem]:
    found = [
        check_text("subject", new.subject, most=LONGEST_SUBJECT, lines=False),
        check_text("text", new.text, most=LONGEST_TEXT, needed=True),
        check_text("html", new.html or "", most=LONGEST_TEXT),
        _channel_problem(new.channel),
    ]
    if isinstance(new.priority, int) and not 0 <= new.priority <= 9:
        found.append(Problem("priority", _("Use low, normal, high, or a number from 0 to 9.")))
    if isinstance(new.priority, str) and new.priority not in outbox.PRIORITIES:
        found.append(Problem("priority", _("Use low, normal, high, or a number from 0 to 9.")))
    return [problem for problem in found if problem]


def _channel_problem(channel: str) -> Problem | None:
    usable = ", ".join(name for name in registry.CHANNELS if registry.deliverable(name))
    if channel not in registry.CHANNELS:
        words = _("There is no channel %(channel)r. Use one of %(usable)s.", channel=channel[:80], usable=usable)
        return Problem("channel", words)
    if not registry.deliverable(channel):
        words = _(
            "Nothing can leave by %(channel)s yet: it has no way out. Use one of %(usable)s.",
            channel=channel,
            usable=usable,
        )
        return Problem("channel", words)
    return None


def _time_problems(new: Submission) -> list[Problem]:
    """Both times must be usable in every zone, and the end must lie after the beginning and after now."""
    wrong = [
        Problem(name, _("Use a time with its zone, between the years 1970 and 9998."))
        for name, instant in (("send_at", new.send_at), ("expires_at", new.expires_at))
        if instant is not None and (instant.tzinfo is None or instant.year not in YEARS)
    ]
    if not wrong and new.expires_at is not None:
        if new.expires_at <= clock.now():
            words = _("This time is past: the message would expire before it is sent.")
            wrong.append(Problem("expires_at", words))
        elif new.send_at is not None and new.expires_at <= new.send_at:
            words = _("This must lie after send_at, or the message is never sent.")
            wrong.append(Problem("expires_at", words))
    return wrong


def _address(name: str, typed: str | None, found: list[Problem]) -> str | None:
    """The address as we keep it; what is wrong with it goes to `found`."""
    if typed is None:
        return None
    try:
        return check_email(typed)
    except ValueError as error:
        found.append(Problem(name, str(error)))
        return None


def _account(session: Session, name: str | None, found: list[Problem]) -> SmtpAccount | None:
    unfit = check_text("account", name or "", most=LONGEST_NAME, lines=False)
    if unfit:
        found.append(unfit)
        return None
    wanted = SmtpAccount.is_default.is_(True) if name is None else SmtpAccount.name == name
    account = session.scalar(select(SmtpAccount).where(wanted))
    if name is not None and account is None:
        found.append(Problem("account", _("There is no SMTP account %(name)r.", name=name[:80])))
    elif account is not None and not account.enabled:
        words = _("The SMTP account %(name)r is disabled. Enable it, or name another.", name=account.name)
        found.append(Problem("account", words))
    return account


def _priority(asked: str | int) -> int:
    """The band of the queue: 0 to 3 low, 4 to 6 normal, 7 to 9 high."""
    if isinstance(asked, int):
        return outbox.PRIORITIES["low" if asked <= 3 else "normal" if asked <= 6 else "high"]
    return outbox.PRIORITIES[asked]
