"""Every filter of a report walks one index, newest first: no scan of the table, no sort."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Select, text
from sqlalchemy.orm import Session

from tests.factories import make_account, make_messages
from webapp import clock
from webapp.extensions import db
from webapp.mail.compose import Words
from webapp.models import Event, Message
from webapp.queries import keyset, messages, narrowing, search
from webapp.queries.messages import Filters
from webapp.queries.narrowing import Narrow

MESSAGE_NARROWS = (
    Narrow(Message.recipient, "p1@corp.example"),
    Narrow(Message.event_id, 1),
    Narrow(Message.event_type, "password.changed"),
    Narrow(Message.notification, "Vault watch"),
    Narrow(Message.state, "sent"),
    Narrow(Message.channel, "email"),
    Narrow(Message.account_id, 1),
)
EVENT_NARROWS = (Narrow(Event.type, "password.changed"), Narrow(Event.severity, "info"), Narrow(Event.source, "vault"))


def plan(session: Session, query: Select[Any]) -> str:
    sql = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    return "\n".join(row[-1] for row in session.execute(text(f"EXPLAIN QUERY PLAN {sql}")))


def some(narrows: tuple[Narrow, ...]) -> list[list[Narrow]]:
    return [list(few) for count in (0, 1, 2, 3) for few in combinations(narrows, count)]


@pytest.mark.parametrize("narrows", some(MESSAGE_NARROWS), ids=lambda few: "+".join(n.column.key for n in few) or "all")
@pytest.mark.parametrize("paged", [False, True])
def test_messages(ctx: Flask, narrows: list[Narrow], paged: bool) -> None:
    session = db.session()
    also = [Message.id < 1000] if paged else []
    walked = plan(session, messages.ids(session, narrows, also).limit(50))
    assert "TEMP B-TREE" not in walked
    assert walked.count("\n") == 0, "one index, one step"
    assert ("USING" in walked) or not (narrows or paged)
    if narrows:
        assert any(f"ix_message_{narrow.column.key}" in walked for narrow in narrows)


@pytest.mark.parametrize("narrows", some(EVENT_NARROWS), ids=lambda few: "+".join(n.column.key for n in few) or "all")
def test_events(ctx: Flask, narrows: list[Narrow]) -> None:
    session = db.session()
    walked = plan(session, narrowing.ids(session, Event.id, narrows, [Event.id < 1000]).limit(50))
    assert "TEMP B-TREE" not in walked
    assert "SEARCH" in walked


def test_time_becomes_bounds_of_the_number(ctx: Flask) -> None:
    make_account()
    make_messages(3)
    session = db.session()
    row = session.query(Message).first()
    assert row is not None
    times = narrowing.in_time(session, Message.id, Message.created_at, row.created_at, clock.now())
    for narrows in some(MESSAGE_NARROWS[2:4]):
        walked = plan(session, messages.ids(session, narrows, times).limit(50))
        assert "TEMP B-TREE" not in walked
        assert "created_at" not in walked
        assert walked.startswith("SEARCH")


def test_the_filter_that_few_pass_leads(ctx: Flask) -> None:
    make_account()
    make_messages(5, event_type="backup.failed")
    make_messages(2, event_type="password.changed")
    session = db.session()
    queued, backup = Narrow(Message.state, "queued"), Narrow(Message.event_type, "password.changed")
    for order in ([queued, backup], [backup, queued]):
        assert "ix_message_event_type_id" in plan(session, messages.ids(session, order, []))


@pytest.fixture
def talk(any_app: Flask) -> Any:
    """Sixty messages with a common word, every third with a rarer one, every twentieth failed."""
    with any_app.app_context():
        make_account()
        for number in range(60):
            rare = " rare" if number % 3 == 0 else ""
            make_messages(2, words=Words(f"Common{rare} number{number}", "x"))
        session = db.session()
        session.execute(text("UPDATE message SET state = 'failed' WHERE id % 20 = 0"))
        session.commit()
        yield session


@pytest.mark.parametrize(
    "filters",
    [
        Filters(text="common"),
        Filters(text="rare common"),
        Filters(text="numb*"),
        Filters(text="common", state="failed"),
        Filters(text="common", state="queued"),
        Filters(text="common", state="queued", recipient="p1@corp.example"),
    ],
    ids=str,
)
@pytest.mark.parametrize("few", [1, 500], ids=["by_contents", "by_other_filter"])
def test_pages_of_a_search_miss_nothing_and_repeat_nothing(
    talk: Session, monkeypatch: pytest.MonkeyPatch, filters: Filters, few: int
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "FIRST_CHUNK", 2)
    whole = [row.id for row in messages.page(talk, filters, limit=500).items]
    expected = [
        message.id
        for message in talk.query(Message).order_by(Message.id.desc())
        if (not filters.state or message.state == filters.state)
        and (not filters.recipient or message.recipient == filters.recipient)
        and ("rare" not in filters.text or "rare" in message.content.subject)
    ]
    assert whole == expected
    paged, after = [], None
    while True:
        page = messages.page(talk, filters, limit=7, after=after)
        paged += [row.id for row in page.items]
        after = page.next
        if after is None:
            break
    assert paged == whole


def test_a_deleted_text_is_no_longer_found(any_ctx: Flask) -> None:
    make_account()
    make_messages(words=Words("Something memorable", "x"))
    session = db.session()
    session.execute(text("DELETE FROM message"))
    session.execute(text("DELETE FROM content"))
    session.commit()
    assert search.find(session, ["memorable"], [], [], None, 10) == []


def test_a_search_is_answered_by_the_index_of_words(any_ctx: Flask) -> None:
    session = db.session()
    query = search.contents(session, ["backup"], None, 10)
    if session.get_bind().dialect.name == "sqlite":
        walked = plan(session, query)
        assert "content_search VIRTUAL TABLE INDEX" in walked
        assert "TEMP B-TREE" not in walked
        return
    session.execute(text("SET LOCAL enable_seqscan = off"))
    unsorted = query.order_by(None).limit(None)
    sql = unsorted.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    walked = "\n".join(row[0] for row in session.connection().exec_driver_sql(f"EXPLAIN {sql}"))
    assert "ix_content_words" in walked, "the expression of the query is the expression of the index"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Backup failed", ["Backup", "failed"]),
        ("back* db1.corp", ["back*", "db1", "corp"]),
        ("  ", []),
        ("* ** .", []),
        ('"quoted" OR (x)', ["quoted", "OR", "x"]),
        ("a*b", ["a*", "b"]),
        ("under_score", ["under", "score"]),
    ],
)
def test_what_is_typed_becomes_words(typed: str, words: list[str]) -> None:
    assert search.words_of(typed) == words


@pytest.mark.parametrize("numbers", [(1,), (0,), (2**63 - 1,), (5, 7)])
def test_a_cursor_comes_back(numbers: tuple[int, ...]) -> None:
    cursor = keyset.encode(*numbers)
    assert keyset.decode(cursor, len(numbers)) == numbers
    assert cursor.replace("-", "").replace("_", "").isalnum()
