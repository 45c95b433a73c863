"""Direct submissions: what is accepted, what is refused, what the account decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import MESSAGE, Program, paths
from tests.factories import make_account
from webapp import clock
from webapp.extensions import db
from webapp.models import Content, Message
from webapp.queries.plain import moment

OVERRIDES = {"reply_to": "me@corp.example", "return_path": "rp@corp.example", "confirmation_to": "c@corp.example"}


def kept(api: Program, **changes: Any) -> Message:
    """The row of an accepted submission."""
    answer = api.post("/messages", {**MESSAGE, **changes})
    assert answer.status_code == 202, answer.data
    assert set(answer.json) == {"id", "state", "overridden"}
    db.session.rollback()
    return db.session.get_one(Message, answer.json["id"])


def test_a_message_is_queued_for_the_default_account(any_api: Program, data: None) -> None:
    default = make_account()
    make_account("Other", is_default=False)
    message = kept(any_api, html="<p>Good morning</p>")
    content = db.session.get_one(Content, message.content_id)
    assert (message.state, message.recipient, message.account_id) == ("queued", "ana@corp.example", default)
    assert (content.subject, content.text, content.html) == ("Hello", "Good morning", "<p>Good morning</p>")


def test_a_message_may_name_its_account(api: Program, data: None) -> None:
    make_account()
    other = make_account("Other", is_default=False)
    assert kept(api, account="Other").account_id == other


def test_without_any_account_a_message_waits(any_api: Program, data: None) -> None:
    message = kept(any_api)
    assert message.account_id is None
    answer = any_api.get(f"/messages/{message.id}").json
    assert answer["state"] == "queued"
    assert "no SMTP account" in answer["last_error"]


def test_overrides_are_kept(api: Program, data: None) -> None:
    make_account()
    answer = api.post("/messages", {**MESSAGE, **OVERRIDES})
    assert answer.json["overridden"] == []
    message = db.session.get_one(Message, answer.json["id"])
    assert {name: getattr(message, name) for name in OVERRIDES} == OVERRIDES


@pytest.mark.parametrize("named", [True, False])
def test_an_account_that_forces_its_settings_ignores_and_lists_them(api: Program, data: None, named: bool) -> None:
    make_account(force_settings=True)
    body = {**MESSAGE, **OVERRIDES, **({"account": "Relay"} if named else {})}
    answer = api.post("/messages", body)
    assert answer.json["overridden"] == ["confirmation_to", "reply_to", "return_path"]
    message = db.session.get_one(Message, answer.json["id"])
    assert {getattr(message, name) for name in OVERRIDES} == {None}
    assert api.post("/messages", {**MESSAGE, "reply_to": "me@corp.example"}).json["overridden"] == ["reply_to"]


@pytest.mark.parametrize(
    ("asked", "band"),
    [("low", 0), ("normal", 1), ("high", 2), (0, 0), (3, 0), (4, 1), (6, 1), (7, 2), (9, 2)],
)
def test_priority_is_a_name_or_a_digit(api: Program, data: None, asked: str | int, band: int) -> None:
    assert kept(api, priority=asked).priority == band


def test_times_decide_when_it_leaves_and_when_it_is_given_up(any_api: Program, data: None) -> None:
    start, end = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=2)
    message = kept(any_api, send_at=moment(start), expires_at=moment(end))
    assert (message.next_attempt_at, message.expires_at) == (start, end)


@pytest.mark.parametrize("to", ["ops@mail", "ops@mail.local", "Ops@CORP.example", "jörg@corp.example"])
def test_an_intranet_has_addresses_of_its_own(api: Program, data: None, to: str) -> None:
    local, _, domain = to.partition("@")
    assert kept(api, to=to).recipient == f"{local}@{domain.lower()}"


SOON, PAST = "2998-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
WRONG: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({"channel": "sms"}, ["channel"]),
    ({"channel": "screen"}, ["channel"]),
    ({"channel": "pigeon"}, ["channel"]),
    ({"channel": None}, ["channel"]),
    ({"to": ""}, ["to"]),
    ({"to": "ana"}, ["to"]),
    ({"to": "Ana <ana@corp.example>"}, ["to"]),
    ({"to": "a@corp.example, b@corp.example"}, ["to"]),
    ({"to": "a@corp.example\r\nBcc: evil@x"}, ["to"]),
    ({"to": ["a@corp.example"]}, ["to"]),
    ({"to": "a@" + "x" * 300}, ["to"]),
    ({"subject": "two\r\nBcc: evil@x"}, ["subject"]),
    ({"subject": "x" * 501}, ["subject"]),
    ({"text": ""}, ["text"]),
    ({"text": "nul \0"}, ["text"]),
    ({"text": None}, ["text"]),
    ({"html": "nul \0"}, ["html"]),
    ({"account": "No such"}, ["account"]),
    ({"account": ""}, ["account"]),
    ({"account": "nul \0"}, ["account"]),
    ({"account": "Off"}, ["account"]),
    ({"reply_to": "nobody"}, ["reply_to"]),
    ({"return_path": "a@b, c@d"}, ["return_path"]),
    ({"confirmation_to": ""}, ["confirmation_to"]),
    ({"send_at": "tomorrow"}, ["send_at"]),
    ({"send_at": "2998-01-01T00:00:00"}, ["send_at"]),
    ({"send_at": "9999-12-31T23:59:59-12:00"}, ["send_at"]),
    ({"send_at": "0001-01-01T00:00:00+12:00"}, ["send_at"]),
    ({"expires_at": PAST}, ["expires_at"]),
    ({"send_at": SOON, "expires_at": SOON}, ["expires_at"]),
    ({"send_at": SOON, "expires_at": "2997-01-01T00:00:00Z"}, ["expires_at"]),
    ({"priority": "urgent"}, ["priority"]),
    ({"priority": 10}, ["priority"]),
    ({"priority": -1}, ["priority"]),
    ({"priority": True}, ["priority"]),
    ({"priority": 1.5}, ["priority"]),
    ({"priority": None}, ["priority"]),
    ({"colour": "red"}, ["colour"]),
    ({"to": "x", "subject": "a\nb", "priority": 77}, ["priority", "subject", "to"]),
)


@pytest.mark.parametrize(("change", "named"), WRONG, ids=lambda value: str(value)[:50])
def test_a_wrong_field_is_named_and_nothing_is_queued(
    api: Program, data: None, change: dict[str, Any], named: list[str]
) -> None:
    make_account()
    make_account("Off", is_default=False, enabled=False)
    answer = api.post("/messages", {**MESSAGE, **change})
    assert answer.status_code == 422
    assert sorted(paths(answer)) == named
    assert db.session.query(Message).count() == 0


@pytest.mark.parametrize("field", ["channel", "to", "text"])
def test_a_needed_field(api: Program, field: str) -> None:
    answer = api.post("/messages", {name: value for name, value in MESSAGE.items() if name != field})
    assert paths(answer) == [field]


def test_a_subject_is_not_needed(api: Program, data: None) -> None:
    answer = api.post("/messages", {name: value for name, value in MESSAGE.items() if name != "subject"})
    assert api.get(f"/messages/{answer.json['id']}").json["subject"] == ""
