"""The certificate watch: look at what is due, remember what was seen, and tell what there is to tell.

Nothing is written while a server is looked at. What was seen, and the events about it, are one unit of work, decided
under a lock on the certificate's row, so that nobody is told twice, however many look at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from flask_babel import gettext as _
from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.channels.base import TroubleKind
from webapp.channels.certificate import NotSeen, Place, Sight, look
from webapp.channels.certificate_facts import chain_of, first_to_end
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.models import Certificate, CertificateNotice, Sighting
from webapp.services import certificate_events, events, expiry
from webapp.services.unit import write

log = logging.getLogger(__name__)

EVERY = timedelta(hours=6)
# After the first failure, the second, and each later one.
AGAIN = (timedelta(minutes=5), timedelta(minutes=10), timedelta(hours=1))
TELL_AFTER = 3  # failures in a row
AT_ONCE = 32
PATIENCE_SECONDS = 12.0  # more than one look takes; a process that stops waits for this

Outcome = Sight | NotSeen


@dataclass(frozen=True, slots=True)
class Watched:
    """What to look at, as it was when the look began; `version` tells whether it still is."""

    id: int
    version: int
    place: Place
    pem: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did."""

    looked: int = 0
    told: int = 0


def check_due() -> Done:
    """Look at everything that is due, at most 32 at once; the rest is for the next run.

    One that fails stops none of the others: its error is logged, and the last one raised at the end.
    """
    told, trouble = 0, None
    due = _due()
    for watched, outcome in _looked_at(due):
        try:
            told += _settle(watched, outcome)
        except Exception as error:
            log.exception("the certificate %d could not be settled", watched.id)
            trouble = error
    if trouble is not None:
        raise trouble
    return Done(len(due), told)


def check_now(number: int) -> None:
    """Look at one certificate at once. Raises NotFound, and Conflict for one that is disabled."""
    with db.engine.connect() as connection:
        row = connection.execute(_COLUMNS.where(Certificate.id == number)).one_or_none()
    if row is None:
        raise NotFound(_("There is no certificate %(number)s.", number=number))
    if not row.enabled:
        raise Conflict(_("This certificate is not watched: enable it first."))
    for watched, outcome in _looked_at([_watched(row)]):
        _settle(watched, outcome)


_COLUMNS = select(
    Certificate.id,
    Certificate.version,
    Certificate.enabled,
    Certificate.host,
    Certificate.port,
    Certificate.starttls,
    Certificate.pem,
)


def _due() -> list[Watched]:
    """What has never been looked at goes first."""
    now = clock.now()
    # A time further ahead than any wait was set before the clock was set back.
    due = or_(Sighting.certificate_id.is_(None), Sighting.next_check_at <= now, Sighting.next_check_at > now + EVERY)
    query = (
        _COLUMNS.outerjoin(Sighting, Sighting.certificate_id == Certificate.id)
        .where(Certificate.enabled, due)
        .order_by(Sighting.certificate_id.is_not(None), Sighting.next_check_at)
    )
    with db.engine.connect() as connection:
        return [_watched(row) for row in connection.execute(query.limit(AT_ONCE))]


def _watched(row: Row[int, int, bool, str, int, str, str]) -> Watched:
    return Watched(row.id, row.version, Place(row.host, row.port, row.starttls), row.pem)


def _looked_at(watched: Sequence[Watched]) -> Iterator[tuple[Watched, Outcome]]:
    """Look at all of them at once; each as soon as it was seen, and in the end those that took too long."""
    answers: SimpleQueue[tuple[Watched, Outcome]] = SimpleQueue()
    for each in watched:
        # Threads that nobody waits for: a resolver that hangs must not keep a process from stopping.
        threading.Thread(target=_look, args=(each, answers), name=f"certificate-{each.id}", daemon=True).start()
    missing = {each.id: each for each in watched}
    deadline = clock.monotonic() + PATIENCE_SECONDS
    while missing and (left := deadline - clock.monotonic()) > 0:
        try:
            each, outcome = answers.get(timeout=left)
        except Empty:
            break
        yield missing.pop(each.id), outcome
    for each in missing.values():
        yield each, NotSeen(TroubleKind.UNREACHABLE, "the name of the host was not found in time")


def _look(watched: Watched, answers: SimpleQueue[tuple[Watched, Outcome]]) -> None:
    outcome: Outcome
    try:
        outcome = Sight(chain_of(watched.pem)) if watched.pem else look(watched.place)
    except NotSeen as error:
        outcome = error
    except Exception as error:
        log.exception("looking at %s:%d failed", watched.place.host, watched.place.port)
        outcome = NotSeen(TroubleKind.PROTOCOL, f"{type(error).__name__}: {error}")
    answers.put((watched, outcome))


def _settle(watched: Watched, outcome: Outcome) -> int:
    """Remember what was seen and tell it; how many events. What was changed or removed meanwhile is left alone."""
    now = clock.now()
    with write() as session:
        certificate = session.get(Certificate, watched.id, populate_existing=True, with_for_update=True)
        if certificate is None or certificate.version != watched.version:
            return 0
        sighting = session.get(Sighting, watched.id, populate_existing=True)
        if sighting is None:
            sighting = Sighting(certificate_id=watched.id, failures=0, down=False, ends_sha256="")
            session.add(sighting)
        before = _end(sighting)
        found = _saw(sighting, outcome, now) if isinstance(outcome, Sight) else _missed(sighting, outcome, now)
        sighting.checked_at, sighting.next_check_at = now, _next(sighting, now)
        if (end := _end(sighting)) is not None:
            found += expiry.tellings(before, end, _told(session, watched.id, end.sha256), now)
        for telling in found:
            _tell(session, certificate, sighting, telling, now)
    return len(found)


def _end(sighting: Sighting) -> expiry.End | None:
    return None if sighting.ends_at is None else expiry.End(sighting.ends_sha256, sighting.ends_at)


def _saw(sighting: Sighting, sight: Sight, now: datetime) -> list[expiry.Telling]:
    own, first = sight.chain[0], first_to_end(sight.chain)
    was_down = sighting.down
    for name in ("subject", "issuer", "serial", "sha256", "not_before", "not_after"):
        setattr(sighting, name, getattr(own, name))
    sighting.names = list(own.names)
    sighting.ends_at, sighting.ends_sha256, sighting.ends_subject = first.not_after, first.sha256, first.subject
    sighting.distrust, sighting.names_match, sighting.seen_at = sight.distrust, sight.names_match, now
    sighting.failures, sighting.failing_since, sighting.down = 0, None, False
    sighting.error = sighting.error_kind = ""
    return [expiry.UP] if was_down else []


def _missed(sighting: Sighting, trouble: NotSeen, now: datetime) -> list[expiry.Telling]:
    sighting.failures += 1
    sighting.failing_since = sighting.failing_since or now
    sighting.error_kind, sighting.error = trouble.kind.value, trouble.words
    if sighting.down or sighting.failures < TELL_AFTER:
        return []
    sighting.down = True
    return [expiry.DOWN]


def _told(session: Session, number: int, sha256: str) -> set[str]:
    query = select(CertificateNotice.kind)
    return set(
        session.scalars(query.where(CertificateNotice.certificate_id == number, CertificateNotice.sha256 == sha256))
    )


def _next(sighting: Sighting, now: datetime) -> datetime:
    """When to look again: sooner after a failure, and as soon as there may be something to tell of the end."""
    usual = now + (AGAIN[min(sighting.failures, len(AGAIN)) - 1] if sighting.failures else EVERY)
    moment = None if sighting.ends_at is None else expiry.next_moment(sighting.ends_at, now)
    return usual if moment is None else min(usual, moment)


def _tell(
    session: Session, certificate: Certificate, sighting: Sighting, telling: expiry.Telling, now: datetime
) -> None:
    new = certificate_events.event(certificate, sighting, telling, now)
    notice = CertificateNotice(
        certificate_id=certificate.id,
        sha256=sighting.ends_sha256,
        kind=telling.kind,
        at=now,
        event_id=events.record(new).id,
    )
    session.add(notice)
