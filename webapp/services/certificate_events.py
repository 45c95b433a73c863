"""The events about watched certificates. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from webapp.models import Certificate, Sighting
from webapp.services import own_events, own_words
from webapp.services.events import NewEvent
from webapp.services.expiry import Telling, days_left
from webapp.services.own_words import Case
from webapp.services.rendering import Phrase

CASES: Mapping[str, Case] = {
    case.type: case
    for case in (
        own_words.CERTIFICATE_EXPIRING,
        own_words.CERTIFICATE_EXPIRED,
        own_words.CERTIFICATE_RENEWED,
        own_words.CERTIFICATE_UNSEEN,
        own_words.CERTIFICATE_SEEN_AGAIN,
    )
}


def event(certificate: Certificate, sighting: Sighting, telling: Telling, now: datetime) -> NewEvent:
    """The event that tells it. Its key holds when the watch was made, so that one of a reused number is another."""
    occasion = sighting.failing_since or sighting.seen_at or now
    what = sighting.ends_sha256 if telling.event_type.startswith("certificate.") else occasion.isoformat()
    made = f"{certificate.created_at.timestamp():.6f}"
    facts: dict[str, Any] = {"error": sighting.error.rstrip(".")}
    if sighting.ends_at is not None:
        facts |= {"expires": sighting.ends_at, "in_time": _in_time(days_left(sighting.ends_at, now))}
    key = f"certificate:{certificate.id}:{made}:{what}:{telling.kind}"
    new = own_events.worded(CASES[telling.event_type], _attributes(certificate, sighting, now), key, **facts)
    return replace(new, severity=telling.severity.value)


def _in_time(days: int) -> Phrase:
    text = own_words.IN_DAYS.get(days, own_words.IN_MORE_DAYS)
    return Phrase(text, {"days": days})


def _attributes(certificate: Certificate, sighting: Sighting, now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {"certificate": certificate.name}
    if certificate.host:
        found |= {"host": certificate.host, "port": certificate.port}
    if sighting.ends_at is not None:
        found |= {name: getattr(sighting, name) for name in ("subject", "issuer", "serial", "sha256")}
        found |= {"not_after": f"{sighting.ends_at:%Y-%m-%dT%H:%M:%SZ}", "days_left": days_left(sighting.ends_at, now)}
        if sighting.ends_sha256 != sighting.sha256:
            found["ends_first"] = sighting.ends_subject
    return found
