"""The timeline of a message: everything that is known of its way, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import Attempt, Event, SmtpAccount, TimelineEntry
from webapp.queries import messages, reasons
from webapp.queries.reasons import Reason

ORIGINS = frozenset(("sample", "passes_on"))  # notes of why a message without an event was made


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `kind` tells which fields `detail` has:

    event: event_id type severity title source occurred_at · submitted: nothing · sample: by · resent_from: message ·
    passes_on: message inbound from ·
    notification: notification why · account: account · no_account: nothing ·
    attempt: number account stage outcome code enhanced words duration_ms tls ·
    cancelled: by · resent: by as · freed, left_in_doubt, expired: nothing ·
    state, always the last: state reason next_attempt_at error maybe_repeated
    """

    at: datetime
    kind: str
    detail: dict[str, Any]


def of(session: Session, message: Any, judged: Iterable[Reason] = ()) -> list[Entry]:
    """The timeline of a row of `queries.messages`; `judged` is what the rules said of its event."""
    notes = _notes(session, message)
    past = [
        *_origin(session, message, notes),
        *_rule(message, judged),
        *_account(message),
        *_attempts(session, message),
        *(note for note in notes if note.kind not in ORIGINS),
    ]
    past.sort(key=attrgetter("at"))
    return [*past, _now(message, past[-1].at)]


def _origin(session: Session, message: Any, notes: Iterable[Entry]) -> list[Entry]:
    if message.resent_from is not None:
        return [Entry(message.created_at, "resent_from", {"message": message.resent_from})]
    if message.event_id is None:
        made = next((note for note in notes if note.kind in ORIGINS), Entry(message.created_at, "submitted", {}))
        return [Entry(message.created_at, made.kind, made.detail)]
    names = ("type", "severity", "title", "source", "occurred_at")
    columns = [getattr(Event, name) for name in names]
    event = session.execute(select(Event.received_at, *columns).where(Event.id == message.event_id)).one()
    detail = {"event_id": message.event_id, **{name: getattr(event, name) for name in names}}
    return [Entry(event.received_at, "event", detail)]


def _rule(message: Any, judged: Iterable[Reason]) -> list[Entry]:
    if not message.notification or message.resent_from is not None or message.event_id is None:
        return []
    fired = next((r for r in judged if r.notification == message.notification and r.fired), None)
    why = reasons.words(fired) if fired else ""
    return [Entry(message.created_at, "notification", {"notification": message.notification, "why": why})]


def _account(message: Any) -> list[Entry]:
    if message.channel != "email":
        return []
    if message.account is None:
        return [Entry(message.created_at, "no_account", {})]
    return [Entry(message.created_at, "account", {"account": message.account})]


_TRIED = ("outcome", "stage", "code", "enhanced", "words", "duration_ms", "tls")


def _attempts(session: Session, message: Any) -> list[Entry]:
    tries = session.execute(
        select(Attempt.started_at, SmtpAccount.name.label("account"), *[getattr(Attempt, name) for name in _TRIED])
        .outerjoin(SmtpAccount, SmtpAccount.id == Attempt.account_id)
        .where(Attempt.message_id == message.id)
        .order_by(Attempt.id)
    )
    return [
        Entry(
            row.started_at,
            "attempt",
            {"number": number, "account": row.account, **{name: getattr(row, name) for name in _TRIED}},
        )
        for number, row in enumerate(tries, 1)
    ]


def _notes(session: Session, message: Any) -> list[Entry]:
    notes = session.execute(
        select(TimelineEntry.at, TimelineEntry.kind, TimelineEntry.detail)
        .where(TimelineEntry.message_id == message.id)
        .order_by(TimelineEntry.id)
    )
    return [Entry(row.at, row.kind, dict(row.detail)) for row in notes]


def _now(message: Any, since: datetime) -> Entry:
    detail = {
        "state": message.state,
        "reason": message.reason,
        "next_attempt_at": messages.next_attempt(message),
        "error": reasons.last_error(message),
        "maybe_repeated": message.maybe_repeated,
    }
    return Entry(max(since, message.sent_at or since), "state", detail)
