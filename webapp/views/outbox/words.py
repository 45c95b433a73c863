"""What a message needs from a person, in words: what happened, why, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from shlex import quote
from typing import Any

from flask_babel import gettext as _

from webapp import clock
from webapp.queries import messages, reasons
from webapp.views.overview.words import ADVICE, Note
from webapp.views.templating import exact_time


def needs(row: Any) -> Note | None:
    """What to know about a row of `queries.messages`, and what to do; None when there is nothing."""
    tell = BY_STATE.get(row.state)
    return tell(row) if tell else None


def _queued(row: Any) -> Note | None:
    return next((note for note in (look(row) for look in WAITS_FOR) if note), None)


def _no_account(row: Any) -> Note | None:
    if row.channel != "email" or row.account is not None:
        return None
    words = _(
        "There is no default SMTP account to send it by. Add one and make it the default: the message then leaves by"
        " itself. It gives up on %(end)s.",
        end=exact_time(row.expires_at),
    )
    return Note("amber", _("It waits for an SMTP account"), words, "arauto config apply config.yaml")


def _disabled_account(row: Any) -> Note | None:
    if row.channel != "email" or row.account_enabled:
        return None
    words = _(
        "The account %(name)s is disabled. Enable it and the message leaves by itself, or cancel the message."
        " It gives up on %(end)s.",
        name=row.account,
        end=exact_time(row.expires_at),
    )
    return Note("amber", _("It waits for a disabled account"), words, "arauto config apply config.yaml")


def _dead_account(row: Any) -> Note | None:
    if not messages.waits_for_account(row):
        return None
    advice = ADVICE.get(row.trouble_kind, lambda: "")()
    words = _(
        "The account has not been able to send since %(since)s. %(trouble)s. %(advice)s The message loses no attempt by"
        " waiting; the next try is on %(next)s.",
        since=exact_time(row.trouble_since),
        trouble=_answered(row.trouble_stage, row.trouble_code, row.trouble_words),
        advice=advice,
        next=exact_time(messages.next_attempt(row) or clock.now()),
    )
    return Note(
        "amber",
        _("It waits for the account %(name)s", name=row.account),
        words,
        f"arauto send-test {quote(row.account)} --to ADDRESS",
    )


def _later(row: Any) -> Note | None:
    upon: datetime | None = row.next_attempt_at
    if upon is None or upon <= clock.now():
        return None
    if not row.attempts:
        return Note("blue", _("It is to be sent later"), _("It leaves on %(at)s, as was asked.", at=exact_time(upon)))
    words = _(
        "The server did not take it: %(said)s. It is tried again by itself on %(next)s, until %(end)s.",
        said=_answered(row.last_stage, row.last_code, row.last_words),
        next=exact_time(upon),
        end=exact_time(row.expires_at),
    )
    return Note("blue", _("It will be tried again"), words)


# The first that says something is what the message waits for.
WAITS_FOR: tuple[Callable[[Any], Note | None], ...] = (_no_account, _disabled_account, _dead_account, _later)

# By the stage at which a server refused for good: what to look at.
REFUSED_AT: Mapping[str, Callable[[], str]] = {
    "compose": lambda: _("It could not be written as a mail. Check the addresses of the recipient and of the account."),
    "mail": lambda: _("The server does not take mail from this sender. Check the sender's address of the account."),
    "rcpt": lambda: _("The server does not take mail for this recipient. Check the address of the contact."),
    "data": lambda: _("The server did not want the mail itself: its size, its content, or the sender's reputation."),
    "dot": lambda: _("The server read the mail and refused it: its size, its content, or the sender's reputation."),
}


def _failed(row: Any) -> Note:
    answer = _answered(row.last_stage, row.last_code, row.last_words)
    if row.reason == "expired":
        last = _("The last answer was: %(said)s.", said=answer) if answer else _("It was never tried.")
        words = _("Its time was over before it could be delivered.") + f" {last} "
        return Note("red", _("It expired"), words + _("Resend it when what held it up is mended."))
    advice = REFUSED_AT.get(row.last_stage, lambda: "")()
    words = f"{answer}. {advice} " + _("It is not tried again by itself: mend the cause, then resend it.")
    return Note("red", _("It was refused for good"), words)


def _bounced(row: Any) -> Note:
    return Note(
        "red",
        _("It came back"),
        _("The server took it, and later told that it cannot be delivered. Check the address of the contact."),
    )


def _unknown(row: Any) -> Note:
    words = _(
        "It was handed over, but the server's answer never came, and it must not be sent twice unasked. Look whether"
        " it arrived, or ask the recipient; if it did not, resend it."
    )
    return Note("amber", _("Nobody knows whether it arrived"), words)


def _suppressed(row: Any) -> Note:
    if row.reason == "bounced_before":
        words = _(
            "An earlier mail to this address came back for good, so nothing more is sent to it. Once the address is"
            " right, lift it and resend the message."
        )
        return Note("amber", _("It was not sent"), words, f"arauto inbound lift {quote(row.recipient)}")
    words = _("Nothing leaves by this channel yet, so the message was only noted. Tell the recipient another way.")
    return Note("amber", _("It was not sent"), words)


def _sent(row: Any) -> Note | None:
    if not row.maybe_repeated:
        return None
    words = _(
        "The answer to an earlier try was never seen, so it was sent again. Both copies bear the same Message-ID, and"
        " many mail programs show only one."
    )
    return Note("blue", _("It may have arrived twice"), words)


BY_STATE: Mapping[str, Callable[[Any], Note | None]] = {
    "queued": _queued,
    "sent": _sent,
    "delivered": _sent,
    "failed": _failed,
    "bounced": _bounced,
    "unknown": _unknown,
    "suppressed": _suppressed,
}


def _answered(stage: str, code: int | None, words: str) -> str:
    return reasons.answer(stage, code, words).rstrip(".")
