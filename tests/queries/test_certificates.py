"""Watched certificates as the report and the page of one read them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from webapp import clock
from webapp.extensions import db
from webapp.models import Certificate, CertificateNotice, Sighting
from webapp.queries import certificates, nouns
from webapp.queries.keyset import Turn
from webapp.queries.nouns import CERTIFICATES, Filters
from webapp.services.events import NewEvent, record
from webapp.services.unit import write

NOW = clock.now()


@pytest.fixture
def _five(any_ctx: Flask) -> None:
    """C0 to C4: each ends ten days after the one before; nobody has seen C2, and C3 was looked at in vain."""
    with write() as session:
        for number in range(5):
            certificate = Certificate(name=f"C{number}", host="portal")
            session.add(certificate)
            session.flush()
            if number != 2:
                end = None if number == 3 else NOW + timedelta(days=10 * number)
                session.add(Sighting(certificate_id=certificate.id, checked_at=NOW, next_check_at=NOW, ends_at=end))


def names(order: str, turn: Turn) -> tuple[list[str], str | None]:
    page = nouns.turn_to(db.session(), CERTIFICATES, Filters(), order, turn)
    return [row.name for row in page.items], page.next


@pytest.mark.usefixtures("_five")
@pytest.mark.parametrize("ascending", [True, False])
def test_what_ends_first_comes_first_and_what_was_not_seen_last(ascending: bool) -> None:
    found, after = names("ends", Turn(oldest_first=ascending, limit=2))
    while after:
        more, after = names("ends", Turn(after=after, oldest_first=ascending, limit=2))
        found += more
    expected = ["C0", "C1", "C4", "C2", "C3"]
    assert found == (expected if ascending else expected[::-1])


def test_notices_come_with_their_events(any_ctx: Flask) -> None:
    event = record(NewEvent("certificate.expiring", "It ends", severity="error")).id
    with write() as session:
        for name in ("A", "B"):
            session.add(Certificate(name=name, host="portal"))
        session.flush()
        for number, kind, of in ((1, "30", None), (1, "7", event), (2, "1", None)):
            session.add(CertificateNotice(certificate_id=number, sha256="a", kind=kind, event_id=of))
    found = [(row.title, row.severity) for row in certificates.notices(db.session(), 1)]
    assert found == [("It ends", "error"), (None, None)]
