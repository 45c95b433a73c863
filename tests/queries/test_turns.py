"""Turning pages: both ways, in both orders, on each database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from tests.factories import make_account, make_messages
from webapp.extensions import db
from webapp.mail.compose import Words
from webapp.queries import events, messages
from webapp.queries.keyset import Turn
from webapp.queries.messages import Filters
from webapp.services.events import NewEvent, record_all

pytestmark = pytest.mark.usefixtures("any_ctx")


@pytest.mark.parametrize("filters", [Filters(), Filters(text="backup"), Filters(state="queued", account="Relay")])
@pytest.mark.parametrize("oldest_first", [False, True])
def test_forth_and_back_again(any_ctx: Flask, filters: Filters, oldest_first: bool) -> None:
    make_account()
    # Contents are shared: several messages stand at one place of the search.
    made = [number for batch in range(4) for number in make_messages(3, words=Words(f"Backup {batch}", "x"))]
    session = db.session()

    pages = [messages.turn_to(session, filters, Turn(oldest_first=oldest_first, limit=5))]
    while pages[-1].next:
        pages.append(messages.turn_to(session, filters, Turn(pages[-1].next, oldest_first=oldest_first, limit=5)))

    forth = [[row.id for row in page.items] for page in pages]
    assert [number for page in forth for number in page] == (made if oldest_first else made[::-1])
    assert [bool(page.previous) for page in pages] == [False, True, True]

    back = pages[-1]
    for expected in forth[-2::-1]:
        back = messages.turn_to(session, filters, Turn(before=back.previous, oldest_first=oldest_first, limit=5))
        assert [row.id for row in back.items] == expected
        assert back.next
    assert back.previous is None


def test_counting_stops_where_it_is_told(any_ctx: Flask) -> None:
    make_messages(7)
    session = db.session()
    assert messages.count(session, Filters(), 5) == 5
    assert messages.count(session, Filters(text="subject"), 100) == 7
    assert messages.count(session, Filters(account="nobody"), 100) == 0


def test_events_by_parts_of_their_title(any_ctx: Flask) -> None:
    record_all([NewEvent("backup.failed", title) for title in ("Backup of DB1", "100% full", "a_b")])
    session = db.session()

    def found(text: str) -> list[str]:
        return [row.title for row in events.turn_to(session, events.Filters(text=text), Turn()).items]

    assert found("db1 back") == ["Backup of DB1"]
    assert found("0%") == ["100% full"]
    assert found("a_b") == ["a_b"]
    assert found("a%b") == []
    assert events.count(session, events.Filters(text="b"), 10) == 2


@pytest.mark.parametrize("oldest_first", [False, True])
def test_words_within_a_time(any_ctx: Flask, monkeypatch: pytest.MonkeyPatch, oldest_first: bool) -> None:
    make_account()
    made = []
    for hour in range(4):
        at = datetime(2026, 3, 1, hour, tzinfo=UTC)
        monkeypatch.setattr("webapp.clock.now", lambda at=at: at)
        made.append(make_messages(2, words=Words("Backup", "x")) + make_messages(1, words=Words("Other", "x")))
    session = db.session()

    def found(since: int | None, until: int | None) -> list[int]:
        moments = [None if hour is None else datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (since, until)]
        filters = Filters(text="backup", since=moments[0], until=moments[1])
        turn, numbers = Turn(oldest_first=oldest_first, limit=1), []
        while page := messages.turn_to(session, filters, turn):
            numbers += [row.id for row in page.items]
            if page.next is None:
                break
            turn = Turn(page.next, oldest_first=oldest_first, limit=1)
        return sorted(numbers)

    assert found(1, 3) == made[1][:2] + made[2][:2]
    assert found(2, None) == made[2][:2] + made[3][:2]
    assert found(None, 1) == made[0][:2]
    assert found(9, None) == found(3, 1) == []
