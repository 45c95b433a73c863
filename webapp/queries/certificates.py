"""What was told of a watched certificate."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import CertificateNotice, Event

MOST = 100


def notices(session: Session, number: int) -> list[Any]:
    """The newest notices, each with its event's title and severity; none where the event is gone."""
    query = (
        select(CertificateNotice.at, CertificateNotice.sha256, CertificateNotice.event_id, Event.title, Event.severity)
        .outerjoin(Event, Event.id == CertificateNotice.event_id)
        .where(CertificateNotice.certificate_id == number)
        .order_by(CertificateNotice.id.desc())
        .limit(MOST)
    )
    return list(session.execute(query))
