"""The rulebook: frozen when something changes, the same for ever under its number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from tests.factories import make_contact, make_group, make_notification
from tests.probes import statements
from webapp import clock
from webapp.errors import InvalidInput, NotFound
from webapp.extensions import db
from webapp.models import Contact, EventType, Notification, Rulebook, Text
from webapp.services import events, matching, rules
from webapp.services.events import NewEvent
from webapp.services.unit import write


def numbers() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Rulebook.id).order_by(Rulebook.id)))


def current() -> matching.Rulebook:
    db.session.rollback()
    return rules.current(db.session())


def test_a_fresh_database_has_empty_rules(any_ctx: Flask) -> None:
    book = current()
    assert (book.rules, book.people, book.number) == ([], {}, numbers()[0])
    assert current() is book


def test_the_rules_hold_all_that_matching_and_rendering_need(any_ctx: Flask) -> None:
    ana, bob = make_contact("Ana", locale="pt-BR"), make_contact("Bob", enabled=False)
    group = make_group("Security", [ana, bob])
    make_notification("All", [ana], [group], types=["password.*"], channels=["email", "sms"], min_severity="error")
    with write() as session:
        session.add(EventType(type="custom.thing", title="Thing", category="Monitoring", severity="error"))
        session.add(Text(type="custom.thing", channel="email", locale="en", subject="S", body="B"))
        rules.publish(session)
    book = current()
    [rule] = book.rules
    assert (rule.name, rule.types, rule.channels) == ("All", ("password.*",), ("email", "sms"))
    assert (rule.people, rule.min_severity) == ((ana, bob), "error")
    assert (book.people[ana].locale, book.people[bob].enabled) == ("pt-BR", False)
    assert book.types["custom.thing"].title == "Thing"
    assert book.texts["custom.thing", "email", "en"]["body"] == "B"


def test_publishing_without_a_change_makes_no_new_number(any_ctx: Flask) -> None:
    make_notification("All", [make_contact()])
    before = numbers()
    with write() as session:
        rules.publish(session)
    assert numbers() == before


def test_a_change_makes_a_new_number_and_the_old_one_keeps_its_rules(any_ctx: Flask) -> None:
    ana = make_contact("Ana")
    before = current()
    with write() as session:
        session.get_one(Contact, ana).email = "new@corp.example"
        rules.publish(session)
    after = current()
    assert after.number > before.number
    assert after.people[ana].email == "new@corp.example"
    assert rules.numbered(db.session(), before.number).people[ana].email == "ana@corp.example"


def test_a_number_that_never_was(any_ctx: Flask) -> None:
    with pytest.raises(NotFound, match="no rulebook 99"):
        rules.numbered(db.session(), 99)


def test_rules_of_a_unit_that_was_undone_are_not_remembered(any_ctx: Flask) -> None:
    """SQLite gives the number of an undone row again."""
    with pytest.raises(InvalidInput):
        events.record(NewEvent("no.such.type", "Title"))
    make_notification("All", [make_contact()])
    assert [rule.name for rule in current().rules] == ["All"]


def test_old_books_are_read_again_after_they_left_the_memory(any_ctx: Flask) -> None:
    first = current().number
    people = [make_contact(f"P{number}") for number in range(rules.KEPT + 2)]
    assert len(current().people) == len(people)
    assert rules.numbered(db.session(), first).people == {}


def test_unused_books_are_forgotten(any_ctx: Flask) -> None:
    make_contact("Ana")
    used = current().number
    events.record(NewEvent("password.changed", "Title"))
    make_contact("Bob")
    make_contact("Carla")
    newest = current().number
    assert len(numbers()) > 2
    with write() as session:
        assert rules.forget_unused(session, clock.now() - timedelta(hours=1)) == 0
        session.execute(update(Rulebook).values(created_at=clock.now() - timedelta(hours=2)))
        assert rules.forget_unused(session, clock.now() - timedelta(hours=1)) > 0
    assert numbers() == [used, newest]


def test_publishing_takes_as_many_statements_for_many_as_for_few(any_ctx: Flask) -> None:
    def publish() -> int:
        with write() as session:
            session.expire_all()
            with statements() as seen:
                rules.publish(session)
        return len(seen)

    def grow(count: int) -> None:
        start = db.session.scalar(select(func.count()).select_from(Contact)) or 0
        people = [make_contact(f"P{start + number}") for number in range(count)]
        group = make_group(f"G{start}", people)
        for person in people:
            make_notification(f"N{person}", [person], [group])

    grow(1)
    few = publish()
    grow(6)
    assert publish() <= few + 1
    assert db.session.scalar(select(func.count()).select_from(Notification)) == 7
