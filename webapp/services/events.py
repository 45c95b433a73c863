"""Events come in: stored, matched, rendered and queued in one transaction. A return means committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import InvalidInput, NotFound, Problem
from webapp.models import Event, Message
from webapp.models.catalogue import Severity
from webapp.services import matching, outbox, rules
from webapp.services.checks import check_text
from webapp.services.parameters import base_url
from webapp.services.rendering import Happening, Renderer
from webapp.services.unit import write

DEDUP_WINDOW = timedelta(hours=24)
LONGEST_TITLE = 500
LONGEST_BODY = 500_000
LONGEST_NAME = 200
MOST_ATTRIBUTES = 100


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as it was sent to us."""

    type: str
    title: str
    body: str = ""
    severity: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    occurred_at: datetime | None = None
    dedup_key: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an event. `duplicate`: it was known already by its dedup key, and nobody was told again."""

    id: int
    messages: Sequence[Message]
    reasons: Sequence[matching.Reason]
    duplicate: bool = False


def record(new: NewEvent) -> Recorded:
    """Record one event. Raises InvalidInput naming the field."""
    return record_all([new], paths=[""])[0]


def record_all(new: Sequence[NewEvent], *, paths: Sequence[str] | None = None) -> list[Recorded]:
    """Record events in one commit, all or none. `paths` prefix the fields in errors (`events[3].`)."""
    prefixes = paths if paths is not None else [f"events[{number}]." for number in range(len(new))]
    with write() as session:
        book = rules.current(session)
        problems = [
            problem
            for event, prefix in zip(new, prefixes, strict=True)
            for problem in _problems(book, event, prefix)
        ]
        if problems:
            raise InvalidInput(problems)
        return [_record(session, book, event) for event in new]


def _problems(book: matching.Rulebook, new: NewEvent, prefix: str) -> list[Problem]:
    found = [
        check_text(f"{prefix}title", new.title, most=LONGEST_TITLE, needed=True, lines=False),
        check_text(f"{prefix}body", new.body, most=LONGEST_BODY),
        check_text(f"{prefix}source", new.source, most=LONGEST_NAME, lines=False),
        check_text(f"{prefix}dedup_key", new.dedup_key or "", most=LONGEST_NAME, lines=False),
    ]
    if new.type not in book.types:
        found.append(
            Problem(f"{prefix}type", f"There is no event type {new.type[:80]!r}. Use one of the catalogue, or add it.")
        )
    if new.severity is not None and new.severity not in set(Severity):
        found.append(Problem(f"{prefix}severity", f"Use one of {', '.join(Severity)}."))
    if len(new.attributes) > MOST_ATTRIBUTES:
        found.append(Problem(f"{prefix}attributes", f"At most {MOST_ATTRIBUTES} attributes are kept."))
    for name, value in new.attributes.items():
        found.append(check_text(f"{prefix}attributes.{name[:80]}", name, most=LONGEST_NAME, needed=True, lines=False))
        if isinstance(value, str):
            found.append(check_text(f"{prefix}attributes.{name[:80]}", value, most=LONGEST_BODY))
        elif not isinstance(value, bool | int | float):
            found.append(Problem(f"{prefix}attributes.{name[:80]}", "Use a text, a number, true or false."))
    return [problem for problem in found if problem]


def _record(session: Session, book: matching.Rulebook, new: NewEvent) -> Recorded:
    earlier = _earlier(session, new)
    if earlier:
        return Recorded(earlier.id, messages_of(session, earlier.id), [], duplicate=True)
    info = book.types[new.type]
    severity = Severity(new.severity) if new.severity else info.severity
    now = clock.now()
    fields = {
        "type": new.type,
        "severity": severity.value,
        "title": new.title.strip(),
        "body": new.body,
        "attributes": new.attributes,
        "source": new.source,
        "occurred_at": new.occurred_at or now,
    }
    event_id = session.scalar(
        insert(Event).returning(Event.id),
        {**fields, "received_at": now, "dedup_key": new.dedup_key or None, "rulebook_id": book.number},
    )
    assert event_id is not None  # noqa: S101
    recipients, reasons = matching.match(book, new.type, severity)
    renderer = Renderer(book, Happening(id=event_id, **fields), base_url(session))
    messages = outbox.enqueue(
        session,
        [
            outbox.NewMessage(
                channel=recipient.channel,
                recipient=recipient.address,
                recipient_name=recipient.person.name,
                contact_id=recipient.person.id,
                words=renderer.words(recipient),
                event_id=event_id,
                event_type=new.type,
                notification=recipient.rule.name,
                account_id=recipient.rule.account_id,
                at_most_once=info.at_most_once,
                priority=outbox.PRIORITIES["high" if severity is Severity.CRITICAL else "normal"],
            )
            for recipient in recipients
        ],
    )
    return Recorded(event_id, messages, reasons)


def _earlier(session: Session, new: NewEvent) -> Event | None:
    if not new.dedup_key:
        return None
    return session.scalar(
        select(Event)
        .where(
            Event.dedup_key == new.dedup_key,
            Event.type == new.type,
            Event.received_at > clock.now() - DEDUP_WINDOW,
        )
        .order_by(Event.received_at.desc())
        .limit(1)
    )


def messages_of(session: Session, event_id: int) -> list[Message]:
    """The messages of an event, in the order they were made."""
    return list(session.scalars(select(Message).where(Message.event_id == event_id).order_by(Message.id)))


def explain(session: Session, event_id: int) -> list[matching.Reason]:
    """Why each notification did or did not fire, by the rules as they stood when the event came in."""
    event = session.get(Event, event_id)
    if event is None:
        raise NotFound(f"There is no event {event_id}.")
    return matching.explain(rules.numbered(session, event.rulebook_id), event.type, Severity(event.severity))
