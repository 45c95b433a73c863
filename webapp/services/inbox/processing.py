"""What came in is understood, and has its effect: once, in the same transaction as the note of what it did."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.mail.classify import Reading, classify
from webapp.mail.parse import Mail, parse
from webapp.models import InboundMessage, InboundRaw, InboundState
from webapp.services.inbox.effects import Effect, Incoming, effect_of
from webapp.services.inbox.store import Kept
from webapp.services.unit import write

log = logging.getLogger(__name__)
LONGEST_ERROR = 500
LEFTOVERS = 100
OPEN = (InboundState.RECEIVED, InboundState.HELD)


@dataclass(frozen=True, slots=True)
class Understood:
    """A mail and what it means."""

    number: int
    mail: Mail
    reading: Reading


def process(kept: Sequence[Kept]) -> int:
    """Give mails their effects; how many are held instead, each with its error. One that fails never stops another."""
    held = 0
    understood: list[Understood] = []
    for mail in kept:
        try:
            understood.append(Understood(mail.number, parse(mail.raw), classify(mail.raw)))
        except Exception as error:
            log.exception("inbound mail %s cannot be understood", mail.number)
            held += _hold(mail.number, error)
    if not understood:
        return held
    try:
        with write() as session:
            for one in understood:
                _settle(session, one)
        return held
    except Exception:
        log.info("a group of mails is processed again one by one, because one of them failed")
        return held + sum(map(_alone, understood))


def process_again(number: int) -> InboundState:
    """Try a mail that is held once more; its state afterwards. Raises NotFound, and Conflict for one that is done."""
    row = db.session.execute(
        select(InboundMessage.state, InboundRaw.raw)
        .outerjoin(InboundRaw, InboundRaw.inbound_id == InboundMessage.id)
        .where(InboundMessage.id == number)
    ).one_or_none()
    db.session.rollback()
    if row is None:
        raise NotFound(_("There is no inbound message %(id)s.", id=number))
    if row.state not in OPEN or row.raw is None:
        raise Conflict(_("Inbound message %(id)s was processed already, or was left on its server.", id=number))
    process([Kept(number, row.raw)])
    state = db.session.scalar(select(InboundMessage.state).where(InboundMessage.id == number))
    db.session.rollback()
    return InboundState(state or InboundState.HELD)


def process_leftovers() -> int:
    """Process what was kept by a process that died before it could; how many."""
    rows = db.session.execute(
        select(InboundMessage.id, InboundRaw.raw)
        .join(InboundRaw, InboundRaw.inbound_id == InboundMessage.id)
        .where(InboundMessage.state == InboundState.RECEIVED)
        .order_by(InboundMessage.id)
        .limit(LEFTOVERS)
    ).all()
    db.session.rollback()
    process([Kept(row.id, row.raw) for row in rows])
    return len(rows)


def _alone(one: Understood) -> int:
    try:
        with write() as session:
            _settle(session, one)
        return 0
    except Exception as error:
        log.exception("inbound mail %s has no effect", one.number)
        return _hold(one.number, error)


def _settle(session: Session, one: Understood) -> None:
    """Nothing where another process was first."""
    row = session.execute(
        update(InboundMessage)
        .where(InboundMessage.id == one.number, InboundMessage.state.in_(OPEN))
        .values(state=InboundState.PROCESSED, error="")
        .returning(InboundMessage.account_id, InboundMessage.received_at)
    ).one_or_none()
    if row is None:
        return
    incoming = Incoming(one.number, row.account_id, row.received_at, one.mail, one.reading)
    effect: Effect = effect_of(session, incoming)
    session.execute(
        update(InboundMessage)
        .where(InboundMessage.id == one.number)
        .values(
            message_id=incoming.message_id,
            sender=incoming.sender,
            subject=incoming.subject,
            kind=one.reading.kind.value,
            effect=effect.name,
            detail=effect.detail,
            answers_id=effect.answers_id,
            event_id=effect.event_id,
            defects=[defect.value for defect in one.reading.defects],
        )
    )


def _hold(number: int, error: Exception) -> int:
    with write() as session:
        session.execute(
            update(InboundMessage)
            .where(InboundMessage.id == number, InboundMessage.state.in_(OPEN))
            .values(state=InboundState.HELD, error=f"{type(error).__name__}: {error}"[:LONGEST_ERROR])
        )
    return 1
