"""The events about watched certificates in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp.errors import N_
from webapp.models import Certificate, Sighting
from webapp.services.events import NewEvent
from webapp.services.expiry import Telling, days_left
from webapp.services.rendering import OwnWords

SOURCE = "arauto"

WORDS: Mapping[str, tuple[str, str]] = {
    "certificate.expiring": (
        N_("The certificate %(certificate)s ends on %(ends)s (days left: %(days_left)s)"),
        N_("%(subject)s, issued by %(issuer)s. Renew it in time: what relies on it stops working when it has ended."),
    ),
    "certificate.expired": (
        N_("The certificate %(certificate)s has expired: it ended on %(ends)s"),
        N_("%(subject)s, issued by %(issuer)s. What relies on it does not work any more. Put a new one in its place."),
    ),
    "certificate.renewed": (
        N_("The certificate %(certificate)s was renewed: it ends on %(ends)s (days left: %(days_left)s)"),
        N_("%(subject)s, issued by %(issuer)s."),
    ),
    "connectivity.down": (
        N_("The certificate %(certificate)s cannot be looked at"),
        N_("%(host)s, port %(port)s: %(error)s. Arauto goes on trying and tells when it is seen again."),
    ),
    "connectivity.up": (
        N_("The certificate %(certificate)s is seen again"),
        N_("%(host)s, port %(port)s: it ends on %(ends)s (days left: %(days_left)s)."),
    ),
}


def event(certificate: Certificate, sighting: Sighting, telling: Telling, now: datetime) -> NewEvent:
    """The event that tells it. Its key holds when the watch was made, so that one of a reused number is another."""
    facts = _facts(certificate, sighting, now)
    title, body = WORDS[telling.event_type]
    occasion = sighting.failing_since or sighting.seen_at or now
    what = sighting.ends_sha256 if telling.event_type.startswith("certificate.") else occasion.isoformat()
    return NewEvent(
        type=telling.event_type,
        title=title % facts,
        body=body % facts,
        severity=telling.severity.value,
        attributes={name: value for name, value in facts.items() if name != "ends"},
        source=SOURCE,
        own=OwnWords(title, body, facts),
        dedup_key=f"certificate:{certificate.id}:{certificate.created_at.timestamp():.6f}:{what}:{telling.kind}",
    )


def _facts(certificate: Certificate, sighting: Sighting, now: datetime) -> dict[str, Any]:
    place = {"host": certificate.host, "port": certificate.port} if certificate.host else {}
    facts: dict[str, Any] = {"certificate": certificate.name, **place}
    if sighting.ends_at is not None:
        facts |= {
            "subject": sighting.subject,
            "issuer": sighting.issuer,
            "serial": sighting.serial,
            "sha256": sighting.sha256,
            "not_after": sighting.ends_at.isoformat(),
            "ends": f"{sighting.ends_at:%Y-%m-%d}",
            "days_left": days_left(sighting.ends_at, now),
        }
        if sighting.ends_sha256 != sighting.sha256:
            facts["ends_first"] = sighting.ends_subject
    return {**facts, "error": sighting.error.rstrip(".")} if sighting.error else facts
