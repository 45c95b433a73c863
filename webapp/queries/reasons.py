"""Why: the words for what matching decided, and for what keeps a message from arriving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flask_babel import gettext as _

from webapp.models import State
from webapp.queries.messages import waits_for_account
from webapp.queries.sayings import said as in_words


class Reason(Protocol):
    """What matching says of one notification."""

    @property
    def notification(self) -> str: ...

    @property
    def fired(self) -> bool: ...

    @property
    def code(self) -> str: ...

    @property
    def detail(self) -> Mapping[str, str]: ...


def _names_type(pattern: str) -> str:
    if pattern == "*":
        return _("It is for every event type.")
    if pattern.endswith(".*"):
        return _("It names the category %(pattern)s.", pattern=pattern)
    return _("It names the type %(pattern)s.", pattern=pattern)


def _no_address(contact: str, channel: str) -> str:
    lacking: Mapping[str, Callable[[], str]] = {
        "email": lambda: _("%(contact)s has no e-mail address. Add one to the contact.", contact=contact),
        "sms": lambda: _("%(contact)s has no mobile number. Add one to the contact.", contact=contact),
    }
    known = lacking.get(channel)
    return known() if known else _("%(contact)s cannot be reached by %(channel)s.", contact=contact, channel=channel)


_WORDS: Mapping[str, Callable[..., str]] = {
    "names_type": _names_type,
    "other_type": lambda type: _("It does not name the type %(type)s.", type=type),
    "disabled": lambda: _("It is disabled."),
    "too_mild": lambda severity, minimum: _(
        "The severity of the event is %(severity)s; it asks for %(minimum)s or worse.",
        severity=severity,
        minimum=minimum,
    ),
    "nobody": lambda: _("It has no contacts, so nobody is told. Add contacts or groups to it."),
    "contact_disabled": lambda contact, channel: _(
        "%(contact)s is disabled, so nothing goes to them by %(channel)s.", contact=contact, channel=channel
    ),
    "no_address": _no_address,
    "told_already": lambda contact, channel, notification: _(
        "%(contact)s is told by %(channel)s already, by the notification %(notification)s.",
        contact=contact,
        channel=channel,
        notification=notification,
    ),
}


def words(reason: Reason) -> str:
    """Why a notification fired or did not, or why one of its contacts is not told: a sentence about it."""
    return _WORDS[reason.code](**reason.detail)


_STAGES: Mapping[str, Callable[[], str]] = {
    "compose": lambda: _("Writing the mail"),
    "connect": lambda: _("Connecting"),
    "greeting": lambda: _("Greeting of the server"),
    "ehlo": lambda: _("EHLO"),
    "tls": lambda: _("TLS"),
    "auth": lambda: _("Signing in (AUTH)"),
    "mail": lambda: _("Sender (MAIL FROM)"),
    "rcpt": lambda: _("Recipient (RCPT TO)"),
    "data": lambda: _("DATA"),
    "dot": lambda: _("After the final dot"),
}


def stage(name: str) -> str:
    """The stage of a delivery in words; a name that is not known stays as it is."""
    return _STAGES[name]() if name in _STAGES else name


def answer(stage_name: str, code: int | None, said: str) -> str:
    """One line of what a server answered, and where: `Recipient (RCPT TO): 550 No such user`.

    Words with a code are the server's and stay as they are; without one they are ours, in the reader's language.
    """
    what = f"{code} {said}".rstrip() if code else in_words(said)
    return f"{stage(stage_name)}: {what}" if stage_name and what else stage(stage_name) or what


# Why a message is where it is (`Message.reason`), where the last answer of a server does not say it.
_ENDED: Mapping[str, Callable[[], str]] = {
    "expired": lambda: _("The message expired before it could be delivered."),
    "unanswered": lambda: _(
        "The message was transmitted, but the server's answer never came. It may have arrived, so it is not repeated."
    ),
    "bounced": lambda: _("The message came back."),
    "bounced_before": lambda: _(
        "An earlier mail to this address came back for good, so nothing is sent to it until somebody lifts that."
    ),
    "no_transport": lambda: _("No way out is configured for this channel, so nothing was sent."),
}


def last_error(row: Any) -> str | None:
    """What keeps a message of a report (see `queries.messages`) from arriving: stage, code and the server's words.

    None when nothing is wrong. Says it also while the message waits for an account in trouble, or for any account.
    """
    answered = answer(row.last_stage, row.last_code, row.last_words)
    parts = [_ENDED[row.reason]() if row.reason in _ENDED else "", _waiting(row), answered]
    return " ".join(part for part in parts if part) or None


def _waiting(row: Any) -> str:
    if row.state != State.QUEUED or row.channel != "email":
        return ""
    if row.account is None:
        return _("There is no SMTP account to send it by. Add one and make it the default; the message waits.")
    if not row.account_enabled:
        return _(
            "The SMTP account %(account)s is disabled. Enable it, or cancel the message; until then it waits.",
            account=row.account,
        )
    if not waits_for_account(row):
        return ""
    trouble = answer(row.trouble_stage, row.trouble_code, row.trouble_words)
    return _("The SMTP account %(account)s cannot send: %(trouble)s", account=row.account, trouble=trouble)
