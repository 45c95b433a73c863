"""`arauto emit`."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from tests.cli.conftest import Arauto
from tests.factories import make_account, make_contact, make_notification
from webapp.extensions import db
from webapp.models import Event, Message


def test_it_records_the_event_and_prints_its_id_alone(arauto: Arauto, ctx: Flask) -> None:
    make_account()
    make_notification(contacts=[make_contact()])
    options = [
        "--body",
        "By Bob",
        "--severity",
        "error",
        "--attr",
        "user=bob",
        "--attr",
        "note=a=b",
        "--source",
        "vault",
    ]

    ended = arauto("emit", "password.changed", "--title", "Password changed", *options, "--dedup-key", "k")

    event = db.session.scalars(select(Event)).one()
    assert (ended.code, ended.out, ended.err) == (0, f"{event.id}\n", "")
    assert (event.type, event.title, event.body, event.severity) == (
        "password.changed",
        "Password changed",
        "By Bob",
        "error",
    )
    assert (event.attributes, event.source, event.dedup_key) == ({"user": "bob", "note": "a=b"}, "vault", "k")
    assert db.session.scalars(select(Message.recipient)).all() == ["ana@corp.example"]


def test_json_tells_who_is_told_and_why(arauto: Arauto, ctx: Flask) -> None:
    make_notification(contacts=[make_contact()])
    answer = arauto("emit", "password.changed", "--title", "x", "--dedup-key", "k", "--json").json
    assert answer["duplicate"] is False
    [message] = answer["messages"]
    assert (message["recipient"], message["channel"], message["state"]) == ("ana@corp.example", "email", "queued")
    [why] = answer["explanation"]
    assert (why["notification"], why["fired"]) == ("All", True)

    again = arauto("emit", "password.changed", "--title", "x", "--dedup-key", "k", "--json").json
    assert (again["id"], again["duplicate"], len(again["messages"])) == (answer["id"], True, 1)


def test_the_body_may_come_from_the_standard_input(arauto: Arauto, ctx: Flask) -> None:
    arauto("emit", "backup.failed", "--title", "x", "--body", "-", stdin="line 1\nção\n")
    assert db.session.scalars(select(Event.body)).one() == "line 1\nção\n"


def test_a_body_that_is_not_utf_8_is_refused_in_words(arauto: Arauto) -> None:
    ended = arauto("emit", "backup.failed", "--title", "x", "--body", "-", stdin=b"\xff\xfe")
    assert (ended.code, ended.err) == (1, "The standard input is not text in UTF-8.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["no.such", "--title", "x"], 1, "type: There is no event type 'no.such'."),
        (["password.changed", "--title", "a\nb"], 1, "title: Use a single line."),
        (["password.changed", "--title", "x", "--severity", "bad"], 1, "severity: Use one of info, warning"),
        (["password.changed", "--title", "x", "--attr", "novalue"], 2, "'novalue' is not of the form K=V."),
        (["password.changed", "--title", "x", "--attr", "a=1", "--attr", "a=2"], 2, "'a' is given twice."),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_recorded(
    arauto: Arauto, ctx: Flask, arguments: list[str], code: int, words: str
) -> None:
    ended = arauto("emit", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert words in ended.err
    assert db.session.scalars(select(Event)).all() == []


def test_every_problem_has_a_line_of_its_own(arauto: Arauto) -> None:
    ended = arauto("emit", "no.such", "--title", "", "--severity", "bad")
    assert [line.split(":")[0] for line in ended.err.splitlines()] == ["title", "type", "severity"]
