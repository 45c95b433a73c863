"""What came in is understood, and has its effect: once, in the same transaction as the note of what it did."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from webapp.database.hot import HotStatement
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.mail.digest import Digest
from webapp.models import InboundMessage, InboundRaw, InboundState
from webapp.services.inbox.apart import NotUnderstood, digest_of
from webapp.services.inbox.effects import Effect, Incoming, effect_of
from webapp.services.inbox.store import Kept
from webapp.services.unit import driver, write

log = logging.getLogger(__name__)
LONGEST_ERROR = 500
LEFTOVERS = 100
OPEN = (InboundState.RECEIVED, InboundState.HELD)


@dataclass(frozen=True, slots=True)
class Understood:
    """A mail and what it means."""

    number: int
    mail: Digest


def process(kept: Sequence[Kept]) -> int:
    """Give mails their effects; how many are held instead, each with its error. One that fails never stops another."""
    held = 0
    understood: list[Understood] = []
    for mail in kept:
        try:
            understood.append(Understood(mail.number, digest_of(mail.raw)))
        except NotUnderstood as error:
            held += _hold(mail.number, str(error))
        except Exception as error:
            log.exception("inbound mail %s cannot be understood", mail.number)
            held += _hold(mail.number, _named(error))
    if not understood:
        return held
    try:
        with write() as session:
            _settle(session, understood)
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
            _settle(session, [one])
        return 0
    except Exception as error:
        log.exception("inbound mail %s has no effect", one.number)
        return _hold(one.number, _named(error))


def _settle(session: Session, understood: Sequence[Understood]) -> None:
    """Nothing where another process was first."""
    spoken = driver(session)
    done: list[dict[str, Any]] = []
    for one in understood:
        row = _TAKE.one(spoken, number=one.number)
        if row is not None:
            account_id, received_at = row
            incoming = Incoming(one.number, account_id, received_at, one.mail)
            done.append(_told(incoming, effect_of(session, incoming)))
    if done:
        _NOTE.run(spoken, done)


def _told(incoming: Incoming, effect: Effect) -> dict[str, Any]:
    return {
        "number": incoming.number,
        "new_message_id": incoming.message_id,
        "new_sender": incoming.sender,
        "new_subject": incoming.subject,
        "new_kind": incoming.reading.kind.value,
        "new_effect": effect.name,
        "new_detail": effect.detail,
        "new_answers_id": effect.answers_id,
        "new_event_id": effect.event_id,
        "new_defects": [defect.value for defect in incoming.reading.defects],
    }


_TAKE = HotStatement(
    update(InboundMessage)
    .where(InboundMessage.id == bindparam("number"), or_(*(InboundMessage.state == state.value for state in OPEN)))
    .values(state=InboundState.PROCESSED.value, error="")
    .returning(InboundMessage.account_id, InboundMessage.received_at)
)
_NOTE = HotStatement(
    update(InboundMessage)
    .where(InboundMessage.id == bindparam("number"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=getattr(InboundMessage, name).type)
            for name in (
                *("message_id", "sender", "subject", "kind", "effect"),
                *("detail", "answers_id", "event_id", "defects"),
            )
        }
    )
)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _hold(number: int, why: str) -> int:
    with write() as session:
        session.execute(
            update(InboundMessage)
            .where(InboundMessage.id == number, InboundMessage.state.in_(OPEN))
            .values(state=InboundState.HELD, error=why[:LONGEST_ERROR])
        )
    return 1
