"""Events come in: stored, matched, rendered and queued in one transaction."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.factories import make_account, make_contact, make_group, make_notification
from tests.probes import statements, together
from webapp import clock
from webapp.errors import InvalidInput, NotFound
from webapp.extensions import db
from webapp.models import Content, Event, EventType, Message, Notification, Parameter
from webapp.services import events, outbox, rules, wake
from webapp.services.events import NewEvent, record, record_all
from webapp.services.unit import write

CHANGED = NewEvent("password.changed", "Password of svc changed")


def count(table: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def watched(any_ctx: Flask) -> int:
    """One person is told of everything by e-mail."""
    make_account()
    return make_notification("All", [make_contact("Ana")])


# --- what is stored ---


def test_an_event_is_stored_as_it_was_sent(any_ctx: Flask) -> None:
    when = datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=-3)))
    attributes = {"host": "db01", "port": 5432, "load": 0.5, "ok": True}
    new = NewEvent("backup.failed", " Title ", "Body\n\tç😀", "critical", attributes, "cron", when, "key")
    number = record(new).id
    db.session.expire_all()
    event = db.session.get_one(Event, number)
    assert (event.type, event.title, event.body, event.severity) == ("backup.failed", "Title", new.body, "critical")
    assert (event.attributes, event.source, event.dedup_key) == (attributes, "cron", "key")
    assert event.occurred_at == when
    assert event.occurred_at.tzinfo is UTC


def test_what_is_left_out_has_a_sensible_value(any_ctx: Flask) -> None:
    before = clock.now()
    event = db.session.get_one(Event, record(NewEvent("backup.failed", "Title")).id)
    assert event.severity == "error"
    assert before <= event.occurred_at <= clock.now()
    assert (event.body, event.attributes, event.source, event.dedup_key) == ("", {}, "", None)


def test_a_types_own_settings_are_used(watched: int) -> None:
    with write() as session:
        values = {"title": "Thing", "category": "Monitoring", "severity": "critical", "at_most_once": True}
        session.add(EventType(type="custom.thing", **values))
        rules.publish(session)
    message = _only_message(record(NewEvent("custom.thing", "Title")))
    assert (message.at_most_once, message.priority) == (True, outbox.PRIORITIES["high"])
    assert db.session.get_one(Event, message.event_id).severity == "critical"


def _only_message(recorded: events.Recorded) -> Message:
    """The row of the one message that an event made."""
    [told] = recorded.messages
    message = db.session.get_one(Message, told.id)
    assert (told.channel, told.recipient, told.state) == (message.channel, message.recipient, message.state)
    return message


# --- who is told ---


def test_messages_are_queued_with_the_event(watched: int) -> None:
    recorded = record(CHANGED)
    message = _only_message(recorded)
    assert (message.channel, message.recipient, message.recipient_name) == ("email", "ana@corp.example", "Ana")
    assert (message.state, message.event_id, message.event_type) == ("queued", recorded.id, "password.changed")
    assert (message.notification, message.priority) == ("All", outbox.PRIORITIES["normal"])
    content = db.session.get_one(Content, message.content_id)
    assert CHANGED.title in content.subject
    assert content.html is not None
    assert f"/events/{recorded.id}" in content.text


def test_the_reasons_are_returned(watched: int) -> None:
    make_notification("Backups", [], types=["backup.*"])
    make_notification("Off", [], enabled=False)
    reasons = record(CHANGED).reasons
    assert [(reason.notification, reason.code) for reason in reasons] == [("All", "names_type"), ("Off", "disabled")]


def test_a_channel_without_a_transport_is_suppressed_with_the_reason(any_ctx: Flask) -> None:
    make_notification("By SMS", [make_contact("Ana", mobile="+5511999990000")], channels=["sms"])
    message = _only_message(record(CHANGED))
    assert (message.state, message.reason, message.next_attempt_at) == ("suppressed", "no_transport", None)


def test_the_rules_account_carries_the_message(any_ctx: Flask) -> None:
    make_account("Default")
    other = make_account("Other", is_default=False)
    make_notification("All", [make_contact()], account_id=other)
    message = _only_message(record(CHANGED))
    assert message.account_id == other


def test_links_start_with_the_parameter(watched: int) -> None:
    with write() as session:
        session.add(Parameter(name="base_url", value="https://arauto.corp.example/"))
    recorded = record(CHANGED)
    content = db.session.get_one(Content, _only_message(recorded).content_id)
    assert f"https://arauto.corp.example/events/{recorded.id}" in content.text


def test_recipients_who_read_the_same_share_a_content(any_ctx: Flask) -> None:
    make_account()
    make_notification("All", [make_contact(f"P{number}") for number in range(5)])
    assert len(record(CHANGED).messages) == 5
    assert count(Content) == 1


def test_the_senders_are_woken(watched: int, any_ctx: Flask) -> None:
    listener = wake.listener(db.engine, any_ctx.config["ARAUTO_DATA_DIR"])
    try:
        listener.wait(0)
        record(CHANGED)
        before = clock.monotonic()
        listener.wait(10)
        assert clock.monotonic() - before < 5
    finally:
        listener.close()


# --- many at once ---


def test_a_batch_keeps_its_order(watched: int) -> None:
    recorded = record_all([NewEvent("password.changed", f"Title {number}") for number in range(20)])
    for number, one in enumerate(recorded):
        assert db.session.get_one(Event, one.id).title == f"Title {number}"
        message = _only_message(one)
        assert message.event_id == one.id
        assert f"Title {number}" in db.session.get_one(Content, message.content_id).subject


def test_an_empty_batch_is_nothing(any_ctx: Flask) -> None:
    assert record_all([]) == []


def test_a_batch_is_all_or_nothing(watched: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        record_all([CHANGED, NewEvent("no.such", ""), CHANGED, NewEvent("password.changed", "x", severity="bad")])
    assert [problem.path for problem in refused.value.problems] == [
        "events[1].title",
        "events[1].type",
        "events[3].severity",
    ]
    assert (count(Event), count(Message)) == (0, 0)


def test_a_batch_takes_as_many_statements_as_one_event(watched: int) -> None:
    def taken(events_: list[NewEvent]) -> int:
        with statements() as seen:
            recorded = record_all(events_)
            assert all(message.state == "queued" for one in recorded for message in one.messages)
        return len(seen)

    taken([CHANGED])
    assert taken([CHANGED] * 50) <= taken([CHANGED])


# --- told once ---


def test_a_repeat_is_not_told_again(watched: int) -> None:
    first, second = (record(NewEvent("password.changed", title, dedup_key="k")) for title in ("One", "Two"))
    assert (second.id, second.duplicate, first.duplicate) == (first.id, True, False)
    assert [message.id for message in second.messages] == [message.id for message in first.messages]
    assert count(Event) == 1


@pytest.mark.parametrize(
    "other",
    [
        NewEvent("password.changed", "T", dedup_key="other"),
        NewEvent("password.viewed", "T", dedup_key="k"),
        NewEvent("password.changed", "T"),
        NewEvent("password.changed", "T", dedup_key=""),
    ],
)
def test_only_the_same_type_and_key_are_a_repeat(any_ctx: Flask, other: NewEvent) -> None:
    record(NewEvent("password.changed", "T", dedup_key="k"))
    assert not record(other).duplicate
    assert count(Event) == 2


def test_a_day_later_it_is_news(any_ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    new = NewEvent("password.changed", "T", dedup_key="k")
    first, real = record(new), clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=23, minutes=59))
    assert record(new).id == first.id
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=24, minutes=1))
    later = record(new)
    assert not later.duplicate
    assert record(new).id == later.id


def test_repeats_inside_a_batch(watched: int) -> None:
    old = record(NewEvent("password.changed", "Old", dedup_key="old"))
    keys = ["a", "old", None, "a", None, "b"]
    recorded = record_all([NewEvent("password.changed", f"T{at}", dedup_key=key) for at, key in enumerate(keys)])
    assert [one.duplicate for one in recorded] == [False, True, False, True, False, False]
    assert recorded[1].id == old.id
    assert recorded[3].id == recorded[0].id
    assert [message.id for message in recorded[3].messages] == [message.id for message in recorded[0].messages]
    assert count(Event) == 5


def test_repeats_at_the_same_moment_are_told_once(watched: int, any_ctx: Flask) -> None:
    new = NewEvent("password.changed", "T", dedup_key="k")
    recorded = together(any_ctx, [lambda: record(new)] * 6)
    assert len({one.id for one in recorded}) == 1
    assert sorted(one.duplicate for one in recorded) == [False, *[True] * 5]
    assert (count(Event), count(Message)) == (1, 1)


# --- what is refused ---

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"type": "no.such"}, "type"),
    ({"type": ""}, "type"),
    ({"type": "password.*"}, "type"),
    ({"title": ""}, "title"),
    ({"title": "  \t"}, "title"),
    ({"title": "two\nlines"}, "title"),
    ({"title": "x" * 501}, "title"),
    ({"title": "nul\0"}, "title"),
    ({"title": "half \ud800"}, "title"),
    ({"body": "bell\a"}, "body"),
    ({"body": "x" * 500_001}, "body"),
    ({"source": "x" * 201}, "source"),
    ({"dedup_key": "a\nb"}, "dedup_key"),
    ({"severity": "fatal"}, "severity"),
    ({"severity": ""}, "severity"),
    ({"severity": "Warning"}, "severity"),
    ({"attributes": {str(number): 1 for number in range(101)}}, "attributes"),
    ({"attributes": {"": "x"}}, "attributes."),
    ({"attributes": {"a\nb": "x"}}, "attributes.a\nb"),
    ({"attributes": {"a": "nul\0"}}, "attributes.a"),
    ({"attributes": {"a": None}}, "attributes.a"),
    ({"attributes": {"a": {"b": 1}}}, "attributes.a"),
    ({"attributes": {"a": [1]}}, "attributes.a"),
    ({"attributes": {"a": math.nan}}, "attributes.a"),
    ({"attributes": {"a": -math.inf}}, "attributes.a"),
    ({"attributes": {"a": 10**5000}}, "attributes.a"),
    ({"occurred_at": datetime(2026, 3, 1)}, "occurred_at"),  # noqa: DTZ001
    ({"occurred_at": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))}, "occurred_at"),
    ({"occurred_at": datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))}, "occurred_at"),
]


@pytest.mark.parametrize(("fields", "path"), REFUSED, ids=lambda value: value[:20] if isinstance(value, str) else "")
def test_bad_input_is_refused_naming_the_field(any_ctx: Flask, fields: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        record(NewEvent(**{"type": "password.changed", "title": "T", **fields}))
    assert [problem.path for problem in refused.value.problems] == [path]
    assert count(Event) == 0


# --- why ---


def test_the_explanation_is_by_the_rules_as_they_stood(watched: int) -> None:
    number = record(CHANGED).id
    with write() as session:
        session.delete(session.get_one(Notification, watched))
        rules.publish(session)
    make_group("New")
    [reason] = events.explain(db.session(), number)
    assert (reason.notification, reason.fired) == ("All", True)


def test_no_event_no_explanation(any_ctx: Flask) -> None:
    with pytest.raises(NotFound, match="no event 99"):
        events.explain(db.session(), 99)
