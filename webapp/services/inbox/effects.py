"""What a mail that came in does, by its kind. Only a mail that answers one of our messages changes a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from webapp import clock
from webapp.database.hot import HotStatement
from webapp.mail import token
from webapp.mail.address import AddressError, normalise_email
from webapp.mail.classify import Kind, Reading
from webapp.mail.compose import MAILER
from webapp.mail.digest import Digest
from webapp.mail.reports import Recipient
from webapp.models import Message, State, TimelineEntry
from webapp.models.states import sources_of
from webapp.models.suppression import mailbox_of
from webapp.services.inbox import event_rules, forwarding, suppression
from webapp.services.unit import driver

LONGEST_TEXT = 4000
LONGEST_LINE = 500


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail and what is known of it."""

    number: int
    account_id: int | None
    received_at: datetime
    mail: Digest

    @property
    def reading(self) -> Reading:
        """What it is."""
        return self.mail.reading

    @property
    def sender(self) -> str:
        """Who wrote it, as the mail says: evidence of nothing."""
        return self.mail.sender[:LONGEST_LINE]

    @property
    def subject(self) -> str:
        """Its subject."""
        return self.mail.subject[:LONGEST_LINE]

    @property
    def message_id(self) -> str:
        """Its own Message-ID."""
        return self.mail.message_id[:LONGEST_LINE]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a mail did.

    `name`: bounced, soft_bounce, delivered, noted, read, reply, automatic, event, own, or nothing.
    """

    name: str = "nothing"
    detail: dict[str, Any] = field(default_factory=dict)
    answers_id: int | None = None
    event_id: int | None = None


class Answered(NamedTuple):
    """A message of ours that a mail answers."""

    id: int
    recipient: str


def effect_of(session: Session, incoming: Incoming) -> Effect:
    """Carry out what the mail means, in this unit of work."""
    answered = _answered(session, incoming.reading)
    if answered is None:
        return _unasked(session, incoming)
    return EFFECTS[incoming.reading.kind](session, incoming, answered)


def _answered(session: Session, reading: Reading) -> Answered | None:
    """The message of ours that the mail answers."""
    return next((found for evidence in EVIDENCE if (found := evidence(session, reading)) is not None), None)


def _by_return_path(session: Session, reading: Reading) -> Answered | None:
    """It came to, or tells of, a return path that only we can sign; what is forged or expired means nothing."""
    secret, now = current_app.config["SECRET_KEY"], clock.now()
    numbers = (token.read(secret, one, now) for one in reading.tokens)
    return _first(_BY_NUMBER.one(driver(session), wanted=number) for number in numbers if number)


def _by_message_id(session: Session, reading: Reading) -> Answered | None:
    """It names a Message-ID of ours, which is known to nobody whom we did not write to."""
    wanted = (f"<{one.strip('<>')}>" for one in reading.answers)
    return _first(_BY_MESSAGE_ID.one(driver(session), wanted=one) for one in wanted)


def _first(rows: Iterable[Any]) -> Answered | None:
    return next((Answered(*row) for row in rows if row is not None), None)


_OURS = select(Message.id, Message.recipient)
_BY_NUMBER = HotStatement(_OURS.where(Message.id == bindparam("wanted")))
_BY_MESSAGE_ID = HotStatement(_OURS.where(Message.message_id == bindparam("wanted")))

# How a mail proves which message it is about: the most certain evidence first.
EVIDENCE: tuple[Callable[[Session, Reading], Answered | None], ...] = (_by_return_path, _by_message_id)


def _unasked(session: Session, incoming: Incoming) -> Effect:
    """A mail that answers none of our messages: the account's rules may make an event of it.

    Never of the mail of an Arauto, this one or another: an event that is told to the mailbox it came from has no end.
    """
    if incoming.mail.mailer == MAILER:
        return Effect("own")
    event_id = event_rules.event_of(session, incoming.number, incoming.account_id, incoming.mail)
    return Effect("event", event_id=event_id) if event_id is not None else Effect()


def _bounce(session: Session, incoming: Incoming, answered: Answered) -> Effect:
    """A message has one recipient: a report that proves which message it is about need not name them.

    One that comes after somebody read it, or a second time, is about something else: nothing is suppressed for it.
    """
    told = _about(incoming.reading.recipients, answered.recipient) or incoming.reading.unnamed
    detail = _detail(told)
    if told is None or not told.permanent:
        return _note(session, incoming, answered, "soft_bounce", detail)
    if not _move(session, answered.id, State.BOUNCED, "bounced", _said(detail)):
        return _note(session, incoming, answered, "noted", detail)
    suppression.suppress(session, answered.recipient, detail["status"], detail["words"], answered.id, incoming.number)
    return _note(session, incoming, answered, "bounced", detail)


def _report(session: Session, incoming: Incoming, answered: Answered) -> Effect:
    told = _about(incoming.reading.recipients, answered.recipient)
    if told is not None and told.action == "delivered":
        _move(session, answered.id, State.DELIVERED, "")
        return _note(session, incoming, answered, "delivered", _detail(told))
    return _note(session, incoming, answered, "noted", _detail(told))


def _receipt(session: Session, incoming: Incoming, answered: Answered) -> Effect:
    """Only one disposition says that somebody saw it: others tell that it was deleted unread, or passed on."""
    told = _about(incoming.reading.recipients, answered.recipient)
    if told is None or told.action != "displayed":
        return _note(session, incoming, answered, "noted", _detail(told))
    _move(session, answered.id, State.READ, "")
    return _note(session, incoming, answered, "read", _detail(told))


def _reply(session: Session, incoming: Incoming, answered: Answered) -> Effect:
    text = (incoming.reading.reply_text or "")[:LONGEST_TEXT]
    detail: dict[str, Any] = {"text": text}
    letter = forwarding.Reply(incoming.number, incoming.sender, incoming.subject, text)
    forwarded = forwarding.forward(session, incoming.account_id, answered.id, letter)
    if forwarded is not None:
        detail["forwarded"] = forwarded
    return _note(session, incoming, answered, "reply", detail)


def _automatic(session: Session, incoming: Incoming, answered: Answered) -> Effect:
    text = (incoming.reading.reply_text or "")[:LONGEST_TEXT]
    return _note(session, incoming, answered, "automatic", {"text": text})


def _feedback(session: Session, incoming: Incoming, answered: Answered) -> Effect:
    return _note(session, incoming, answered, "noted", _detail(_about(incoming.reading.recipients, answered.recipient)))


def _other(session: Session, incoming: Incoming, answered: Answered) -> Effect:
    return _note(session, incoming, answered, "noted", {})


EFFECTS: Mapping[Kind, Callable[[Session, Incoming, Answered], Effect]] = {
    Kind.BOUNCE: _bounce,
    Kind.DELIVERY_REPORT: _report,
    Kind.READ_RECEIPT: _receipt,
    Kind.FEEDBACK_REPORT: _feedback,
    Kind.AUTOMATIC_ANSWER: _automatic,
    Kind.REPLY: _reply,
    Kind.OTHER: _other,
}


def _about(recipients: Sequence[Recipient], address: str) -> Recipient | None:
    """What a report says of the address that we wrote to. A single recipient under another address is where that one
    was forwarded to; among several, only the address itself counts."""
    same = [one for one in recipients if mailbox_of(_normal(one.address)) == mailbox_of(address)]
    return same[0] if same else recipients[0] if len(recipients) == 1 else None


def _normal(address: str) -> str:
    try:
        return normalise_email(address)
    except AddressError:
        return address


def _detail(told: Recipient | None) -> dict[str, Any]:
    if told is None:
        return {"status": "", "words": "", "address": "", "action": ""}
    words = " ".join((told.diagnostic or "").split())[:LONGEST_LINE]
    return {"status": told.status or "", "words": words, "address": told.address, "action": told.action}


def _said(detail: Mapping[str, Any]) -> str:
    """Status and words of a report; most servers say the status in their words already."""
    status, words = detail["status"], detail["words"]
    return str(words if status in words else f"{status} {words}".rstrip())


def _move(session: Session, number: int, state: State, reason: str, said: str = "") -> bool:
    """Whether that changed something: only upward, and late or repeated evidence does not. What the last try met with
    is over; `said` came since.
    """
    moved = session.scalar(
        update(Message)
        .where(Message.id == number, Message.state.in_(sources_of(state)))
        .values(state=state, reason=reason, next_attempt_at=None, last_stage="", last_code=None, last_words=said)
        .returning(Message.id)
    )
    return moved is not None


def _note(session: Session, incoming: Incoming, answered: Answered, name: str, detail: dict[str, Any]) -> Effect:
    """On the timeline of our message, as what came in."""
    told = {"inbound": incoming.number, "from": incoming.sender, **detail}
    session.add(TimelineEntry(message_id=answered.id, at=incoming.received_at, kind=f"in_{name}", detail=told))
    return Effect(name, detail, answers_id=answered.id)
