"""The report of contacts reads an index for each of its orders and filters: no scan of the table, no sort."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from tests.factories import make_contact, make_group
from webapp.extensions import db
from webapp.queries import nouns, people
from webapp.queries.keyset import Turn
from webapp.queries.nouns import Filters

FILTERS = (
    Filters(),
    Filters("jose corp"),
    Filters("jose", {"enabled": False}),
    Filters(chosen={"enabled": True, "locale": "es"}),
)


def plans(work: Any) -> list[str]:
    """How SQLite answers each SELECT of ids that `work` makes."""
    engine, asked = db.engine, []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith("SELECT contact.id \n"):
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    connection = db.session.connection()
    return [
        "\n".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given))
        for sql, given in asked
    ]


@pytest.mark.parametrize("order", sorted(people.CONTACTS.sorts))
@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("down", [True, False])
def test_each_order_and_filter_reads_one_covering_index(ctx: Flask, order: str, filters: Filters, down: bool) -> None:
    number = make_contact("José", locale="es")

    def work() -> None:
        first = Turn(oldest_first=not down)
        page = nouns.turn_to(db.session(), people.CONTACTS, filters, order, first)
        assert len(page.items) <= 1
        after = Turn(after=nouns.keyset.encode(number), oldest_first=not down)
        nouns.turn_to(db.session(), people.CONTACTS, filters, order, after)

    found = plans(work)
    assert len(found) == 2
    for plan in found:
        assert "USING COVERING INDEX" in plan, plan
        assert "TEMP B-TREE" not in plan, plan


def test_a_group_is_read_by_its_members(ctx: Flask) -> None:
    group = make_group("Security", [make_contact()])
    [plan] = plans(
        lambda: nouns.turn_to(db.session(), people.CONTACTS, Filters(chosen={"group": group}), "name", Turn())
    )
    assert "SCAN contact" not in plan, plan
