"""A notification rehearsed: who would be told what if something happened now; and samples of that, sent for real."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from flask_babel import gettext as _
from sqlalchemy import insert
from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import InvalidInput, NotFound
from webapp.mail.compose import Words, prepare
from webapp.mail.show import Shown, show
from webapp.models import TimelineEntry
from webapp.models.catalogue import Severity, TypeInfo
from webapp.services import actor, audit, matching, outbox, parameters, rules, samples
from webapp.services.matching import Reason, Recipient, Rule, Rulebook
from webapp.services.notifications import EVERYTHING
from webapp.services.outbox import NewMessage, Queued
from webapp.services.preview import account_of
from webapp.services.rendering import Happening, Renderer
from webapp.services.unit import write

MESSAGE_ID = "<sample@arauto.invalid>"


@dataclass(frozen=True, slots=True)
class Copy:
    """What one recipient would read. `mail` is the whole mail: None by another channel, while there is no account, and
    where `problem` says why it cannot be written.
    """

    recipient: Recipient
    words: Words
    mail: Shown | None = None
    problem: str = ""


@dataclass(frozen=True)
class Rehearsal:
    """What a notification does with a sample event of one of its types.

    `types`: all that it names. `info`: the type of the sample; None when it names none. `severity`: that of the type,
    or the mildest that the notification asks for. `reasons`: why people are not told.
    """

    book: Rulebook
    rule: Rule
    base_url: str
    types: list[TypeInfo]
    info: TypeInfo | None
    severity: Severity
    recipients: list[Recipient]
    reasons: list[Reason]

    @property
    def usually_too_mild(self) -> bool:
        """Whether events of the type fire it only when they bring a worse severity of their own."""
        return self.info is not None and self.info.severity.rank < self.rule.min_severity.rank

    def words(self, recipient: Recipient) -> Words:
        """What a recipient would read, in their language."""
        return self._real.words(self._event(recipient.person.locale), recipient)

    def sample(self, recipient: Recipient) -> Words:
        """The same, but it says that it is a sample."""
        return self._marked.words(self._event(recipient.person.locale), recipient)

    def _event(self, locale: str) -> Happening:
        assert self.info is not None  # noqa: S101
        return samples.event(self.info, self.severity.value, locale, page=f"notifications/{self.rule.id}")

    @cached_property
    def _real(self) -> Renderer:
        return Renderer(self.book, self.base_url)

    @cached_property
    def _marked(self) -> Renderer:
        return Renderer(self.book, self.base_url, sample=True)


def rehearse(session: Session, number: int, event_type: str = "") -> Rehearsal:
    """What the notification of that number would do, enabled or not, as if there were no other.

    `event_type` is one that it names; the first of them without. Raises NotFound, and InvalidInput naming `type`.
    """
    book = rules.current(session)
    rule = _rule(book, number)
    types = [info for info in book.types.values() if set(matching.patterns_of(info.type)) & set(rule.types)]
    if event_type and all(info.type != event_type for info in types):
        raise InvalidInput.at("type", _("This notification does not name that type; choose one of the list."))
    info = next((info for info in types if event_type in ("", info.type)), None)
    severity = rule.min_severity
    recipients: list[Recipient] = []
    reasons: list[Reason] = []
    if info is not None:
        severity = max(info.severity, rule.min_severity, key=lambda each: each.rank)
        recipients, reasons = matching.rehearse(book, rule, info.type, severity)
    return Rehearsal(book, rule, parameters.base_url(session), types, info, severity, recipients, reasons)


def unreachable(session: Session, number: int) -> list[Reason]:
    """Why each of its people who cannot be told by one of its channels is not. Raises NotFound."""
    book = rules.current(session)
    rule = replace(_rule(book, number), types=(EVERYTHING,))
    _recipients, reasons = matching.rehearse(book, rule, EVERYTHING, Severity.CRITICAL)
    return [reason for reason in reasons if reason.code in ("no_address", "contact_disabled")]


def _rule(book: Rulebook, number: int) -> Rule:
    rule = next((rule for rule in book.rules if rule.id == number), None)
    if rule is None:
        raise NotFound(_("There is no notification %(number)s.", number=number))
    return rule


def copy(session: Session, rehearsal: Rehearsal, recipient: Recipient) -> Copy:
    """What one recipient would get, a mail as its account writes it."""
    words = rehearsal.words(recipient)
    account = account_of(session, rehearsal.rule.account_id) if recipient.channel == "email" else None
    if account is None:
        return Copy(recipient, words)
    try:
        prepared = prepare(account.identity(None, None), words, footer=account.footer)
        mail = prepared.render(
            to_address=recipient.address, to_name=recipient.person.name, message_id=MESSAGE_ID, date=clock.now()
        )
    except ValueError as error:
        return Copy(recipient, words, problem=_(str(error)))
    return Copy(recipient, words, show(mail))


def send(number: int, event_type: str = "", *, contact: int | None = None) -> list[Queued]:
    """Send samples to one contact, or to everybody whom the notification would tell, by the road of all messages.

    Raises NotFound, and InvalidInput naming `type` or `to`.
    """
    with write() as session:
        rehearsal = rehearse(session, number, event_type)
        chosen = [each for each in rehearsal.recipients if contact in (None, each.person.id)]
        if not chosen:
            raise InvalidInput.at("to", _("The notification would tell them nothing: choose somebody of the list."))
        queued = outbox.enqueue(session, [_message(rehearsal, recipient) for recipient in chosen])
        by = str(actor.current())
        notes = [{"message_id": message.id, "kind": "sample", "detail": {"by": by}} for message in queued]
        session.execute(insert(TimelineEntry), notes)
        rule, changes = rehearsal.rule, {"messages": (None, [message.id for message in queued])}
        audit.record(session, audit.Deed("sampled", "notifications", rule.name, rule.id, changes))
    return queued


def _message(rehearsal: Rehearsal, recipient: Recipient) -> NewMessage:
    info = rehearsal.info
    return NewMessage(
        channel=recipient.channel,
        recipient=recipient.address,
        recipient_name=recipient.person.name,
        contact_id=recipient.person.id,
        words=rehearsal.sample(recipient),
        event_type=info.type if info else "",
        notification=rehearsal.rule.name,
        account_id=rehearsal.rule.account_id,
        at_most_once=bool(info and info.at_most_once),
    )
