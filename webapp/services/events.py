"""Events come in: stored, matched, rendered and queued in one transaction. A return means committed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import InvalidInput, NotFound, Problem
from webapp.models import Event, Message
from webapp.models.catalogue import Severity
from webapp.services import matching, outbox, rules
from webapp.services.checks import check_text
from webapp.services.parameters import base_url, language
from webapp.services.rendering import Happening, OwnWords, Renderer, language_of
from webapp.services.unit import insert_rows, lock_words, write

DEDUP_WINDOW = timedelta(hours=24)
LONGEST_TITLE = 500
LONGEST_BODY = 500_000
LONGEST_NAME = 200
MOST_ATTRIBUTES = 100


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as it was sent to us.

    One of ours has `own` words: each recipient reads them in their language, and they are stored in that of the system
    parameters, whatever `title` and `body` are.
    """

    type: str
    title: str
    body: str = ""
    severity: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    occurred_at: datetime | None = None
    dedup_key: str | None = None
    own: OwnWords | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an event. `duplicate`: it was known already by its dedup key, and nobody was told again."""

    id: int
    messages: Sequence[outbox.Queued]
    reasons: Sequence[matching.Reason]
    duplicate: bool = False


def record(new: NewEvent) -> Recorded:
    """Record one event. Raises InvalidInput naming the field."""
    return record_all([new], paths=[""])[0]


def record_all(new: Sequence[NewEvent], *, paths: Sequence[str] | None = None) -> list[Recorded]:
    """Record events in one commit, all or none. `paths` prefix the fields in errors (`events[3].`).

    An event with the type and the dedup key of another one of the last 24 hours, or of the same call, is not recorded
    again. Raises InvalidInput with every problem of every event.
    """
    prefixes = paths if paths is not None else [f"events[{number}]." for number in range(len(new))]
    with write() as session:
        book = rules.current(session)
        problems = [
            problem for event, prefix in zip(new, prefixes, strict=True) for problem in _problems(book, event, prefix)
        ]
        if problems:
            raise InvalidInput(problems)
        return _record(session, book, new)


def _problems(book: matching.Rulebook, new: NewEvent, prefix: str) -> list[Problem]:
    found = [
        check_text(f"{prefix}title", new.title, most=LONGEST_TITLE, needed=True, lines=False),
        check_text(f"{prefix}body", new.body, most=LONGEST_BODY),
        check_text(f"{prefix}source", new.source, most=LONGEST_NAME, lines=False),
        check_text(f"{prefix}dedup_key", new.dedup_key or "", most=LONGEST_NAME, lines=False),
    ]
    if new.type not in book.types:
        words = _("There is no event type %(type)r. Use one of the catalogue, or add it.", type=new.type[:80])
        found.append(Problem(f"{prefix}type", words))
    if new.severity is not None and new.severity not in set(Severity):
        found.append(Problem(f"{prefix}severity", _("Use one of %(values)s.", values=", ".join(Severity))))
    if len(new.attributes) > MOST_ATTRIBUTES:
        words = _("At most %(most)s attributes are kept.", most=MOST_ATTRIBUTES)
        found.append(Problem(f"{prefix}attributes", words))
    if new.occurred_at is not None and not _is_usable(new.occurred_at):
        found.append(Problem(f"{prefix}occurred_at", _("Use a time with its zone, between the years 1970 and 9998.")))
    for name, value in new.attributes.items():
        found.append(check_text(f"{prefix}attributes.{name[:80]}", name, most=LONGEST_NAME, needed=True, lines=False))
        if isinstance(value, str):
            found.append(check_text(f"{prefix}attributes.{name[:80]}", value, most=LONGEST_BODY))
        elif not _is_number(value):
            found.append(Problem(f"{prefix}attributes.{name[:80]}", _("Use a text, a number, true or false.")))
    return [problem for problem in found if problem]


def _is_number(value: object) -> bool:
    """Whether it is true, false, or a number that JSON and every database can hold."""
    if isinstance(value, int):
        return value.bit_length() < 64
    return isinstance(value, float) and math.isfinite(value)


def _is_usable(instant: datetime) -> bool:
    """Whether every zone can show it."""
    return instant.tzinfo is not None and 1970 <= instant.year <= 9998


def _record(session: Session, book: matching.Rulebook, new: Sequence[NewEvent]) -> list[Recorded]:
    """Events that are known already answer with what they were the first time."""
    keys = [_key(event, position) for position, event in enumerate(new)]
    known = _known(session, [key for key in keys if key[1]])
    fresh: dict[_Key, NewEvent] = {}
    for key, event in zip(keys, new, strict=True):
        if key not in known:
            fresh.setdefault(key, event)
    stored = dict(zip(fresh, _store(session, book, list(fresh.values())), strict=True))
    recorded = []
    for key in keys:
        recorded.append(stored.get(key) or known[key])
        if key in stored:
            known[key] = _again(stored.pop(key))
    return recorded


_Key = tuple[str, str, int]


def _key(new: NewEvent, position: int) -> _Key:
    return (new.type, new.dedup_key, 0) if new.dedup_key else (new.type, "", position)


def _again(recorded: Recorded) -> Recorded:
    return Recorded(recorded.id, recorded.messages, [], duplicate=True)


def _known(session: Session, keys: Sequence[_Key]) -> dict[_Key, Recorded]:
    """What was recorded under these keys lately. Others who record the same keys wait until this unit is committed."""
    if not keys:
        return {}
    lock_words(session, (dedup_key for _, dedup_key, _ in keys))
    rows = session.execute(
        select(Event.id, Event.type, Event.dedup_key)
        .where(
            Event.dedup_key.in_({dedup_key for _, dedup_key, _ in keys}),
            Event.received_at > clock.now() - DEDUP_WINDOW,
        )
        .order_by(Event.received_at)
    ).all()
    ids = {(row.type, row.dedup_key, 0): row.id for row in rows}
    ids = {key: ids[key] for key in keys if key in ids}
    messages = _messages_of(session, ids.values())
    return {key: Recorded(number, messages[number], [], duplicate=True) for key, number in ids.items()}


def _store(session: Session, book: matching.Rulebook, new: Sequence[NewEvent]) -> list[Recorded]:
    """Store events, find who is told, and queue all messages at once."""
    if not new:
        return []
    happenings = _insert(session, book, new)
    renderer = Renderer(book, base_url(session))
    told = [matching.match(book, happening.type, Severity(happening.severity)) for happening in happenings]
    messages = iter(
        outbox.enqueue(
            session,
            [
                message
                for happening, (recipients, _) in zip(happenings, told, strict=True)
                for message in _messages(book, renderer, happening, recipients)
            ],
        )
    )
    return [
        Recorded(happening.id, list(islice(messages, len(recipients))), reasons)
        for happening, (recipients, reasons) in zip(happenings, told, strict=True)
    ]


def _insert(session: Session, book: matching.Rulebook, new: Sequence[NewEvent]) -> list[Happening]:
    now = clock.now()
    own = [language_of(language(session)).own(event.own) if event.own else None for event in new]
    seen: list[dict[str, Any]] = [
        {
            "type": event.type,
            "severity": event.severity or book.types[event.type].severity.value,
            "title": (words[0] if words else event.title).strip(),
            "body": words[1] if words else event.body,
            "attributes": event.attributes,
            "source": event.source,
            "occurred_at": event.occurred_at or now,
        }
        for event, words in zip(new, own, strict=True)
    ]
    rows = [
        {**fields, "received_at": now, "dedup_key": event.dedup_key or None, "rulebook_id": book.number}
        for event, fields in zip(new, seen, strict=True)
    ]
    ids = insert_rows(session, Event.id, rows)
    return [Happening(id=number, **fields, own=event.own) for number, fields, event in zip(ids, seen, new, strict=True)]


def _messages(
    book: matching.Rulebook, renderer: Renderer, happening: Happening, recipients: Sequence[matching.Recipient]
) -> Iterator[outbox.NewMessage]:
    urgent = happening.severity == Severity.CRITICAL
    for recipient in recipients:
        yield outbox.NewMessage(
            channel=recipient.channel,
            recipient=recipient.address,
            recipient_name=recipient.person.name,
            contact_id=recipient.person.id,
            words=renderer.words(happening, recipient),
            event_id=happening.id,
            event_type=happening.type,
            notification=recipient.rule.name,
            account_id=recipient.rule.account_id,
            at_most_once=book.types[happening.type].at_most_once,
            priority=outbox.PRIORITIES["high" if urgent else "normal"],
        )


def _messages_of(session: Session, event_ids: Iterable[int]) -> dict[int, list[outbox.Queued]]:
    """The messages of each event, in the order they were made."""
    found: dict[int, list[outbox.Queued]] = {number: [] for number in event_ids}
    rows = session.execute(
        select(Message.event_id, Message.id, Message.channel, Message.recipient, Message.state)
        .where(Message.event_id.in_(found))
        .order_by(Message.id)
    )
    for row in rows:
        if row.event_id is not None:
            found[row.event_id].append(outbox.Queued(row.id, row.channel, row.recipient, row.state))
    return found


def explain(session: Session, event_id: int) -> list[matching.Reason]:
    """Why each notification did or did not fire, by the rules as they stood when the event came in."""
    event = session.get(Event, event_id)
    if event is None:
        raise NotFound(_("There is no event %(id)s.", id=event_id))
    return matching.explain(rules.numbered(session, event.rulebook_id), event.type, Severity(event.severity))
