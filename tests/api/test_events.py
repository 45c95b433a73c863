"""Events over HTTP: recorded, explained, told."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.api.conftest import EVENT, Program, paths
from tests.factories import make_account, make_contact, make_notification
from webapp.extensions import db
from webapp.models import Contact, Event, Message, Notification
from webapp.services import rules
from webapp.services.unit import write


@pytest.fixture
def people(data: None) -> dict[str, int]:
    """An account, and Ana and Bruno; Bruno has no address."""
    make_account()
    return {"ana": make_contact("Ana"), "bruno": make_contact("Bruno", email="")}


def test_an_event_is_answered_with_whom_it_tells_and_why(any_api: Program, people: dict[str, int]) -> None:
    make_notification("Passwords", contacts=[people["ana"], people["bruno"]], types=["password.*"])
    make_notification("Critical", contacts=[people["ana"]], min_severity="critical")
    make_notification("Off", contacts=[people["ana"]], enabled=False)
    make_notification("Sessions", contacts=[people["ana"]], types=["session.opened"])
    make_notification("Again", contacts=[people["ana"]], types=["password.changed"])
    make_notification("Nobody")
    answer = any_api.post("/events", {**EVENT, "severity": "warning"})
    assert answer.status_code == 202
    [told] = answer.json["messages"]
    assert told == {"id": told["id"], "channel": "email", "recipient": "ana@corp.example", "state": "queued"}
    assert [(each["notification"], each["fired"], each["why"]) for each in answer.json["explanation"]] == [
        ("Passwords", True, "It names the category password.*."),
        ("Passwords", False, "Bruno has no e-mail address. Add one to the contact."),
        ("Critical", False, "The severity of the event is warning; it asks for critical or worse."),
        ("Off", False, "It is disabled."),
        ("Again", True, "It names the type password.changed."),
        ("Again", False, "Ana is told by email already, by the notification Passwords."),
        ("Nobody", False, "It has no contacts, so nobody is told. Add contacts or groups to it."),
    ]


def test_the_answer_comes_after_the_commit(any_api: Program, people: dict[str, int]) -> None:
    make_notification(contacts=[people["ana"]])
    number = any_api.post("/events", EVENT).json["id"]
    db.session.rollback()
    assert db.session.get(Event, number) is not None
    assert db.session.query(Message).filter_by(event_id=number).count() == 1


def test_every_field_is_kept(any_api: Program) -> None:
    event = {
        **EVENT,
        "body": "Line one\nLine two ✓",
        "severity": "error",
        "attributes": {"host": "db1", "tries": 3, "ratio": 0.5, "ok": True, "big": 2**53},
        "source": "vault",
        "occurred_at": "2026-03-01T09:30:00+02:00",
        "dedup_key": "k1",
    }
    number = any_api.post("/events", event).json["id"]
    kept = any_api.get(f"/events/{number}").json
    assert {name: kept[name] for name in event} == {**event, "occurred_at": "2026-03-01T07:30:00Z"}
    assert datetime.fromisoformat(kept["received_at"]).tzinfo is not None


def test_an_event_is_explained_by_the_rules_of_its_time(any_api: Program, people: dict[str, int]) -> None:
    make_notification("Sessions", contacts=[people["ana"]], types=["session.opened"])
    number = any_api.post("/events", EVENT).json["id"]
    with write() as session:
        session.query(Notification).one().types = ["*"]
        session.query(Contact).filter_by(name="Ana").one().enabled = False
        rules.publish(session)
    answer = any_api.get(f"/events/{number}").json
    assert answer["messages"] == []
    assert [(each["notification"], each["fired"], each["why"]) for each in answer["explanation"]] == [
        ("Sessions", False, "It does not name the type password.changed.")
    ]


def test_a_repeat_by_dedup_key_tells_nobody_again(any_api: Program, people: dict[str, int]) -> None:
    make_notification(contacts=[people["ana"]])
    first = any_api.post("/events", {**EVENT, "dedup_key": "k"}).json
    again = any_api.post("/events", {**EVENT, "dedup_key": "k"})
    assert again.status_code == 202
    assert (again.json["id"], again.json["messages"]) == (first["id"], first["messages"])
    assert again.json["explanation"][0]["reason"] == "duplicate"
    assert "dedup key" in again.json["explanation"][0]["why"]


def test_an_event_that_is_not_there_is_not_found(api: Program) -> None:
    for number in ("7", "0", "99999999999999999999999", "x", "-1", "1.5"):
        assert api.get(f"/events/{number}").status_code == 404


def test_a_batch_is_answered_in_its_order(any_api: Program, people: dict[str, int]) -> None:
    make_notification(contacts=[people["ana"]])
    answer = any_api.post("/events/batch", {"events": [{**EVENT, "title": f"Event {n}"} for n in range(3)]})
    assert answer.status_code == 202
    numbers = [each["id"] for each in answer.json["events"]]
    assert numbers == sorted(set(numbers))
    assert [any_api.get(f"/events/{number}").json["title"] for number in numbers] == ["Event 0", "Event 1", "Event 2"]
    assert all(len(each["messages"]) == 1 for each in answer.json["events"])


def test_an_empty_batch_changes_nothing(api: Program) -> None:
    assert api.post("/events/batch", {"events": []}).json == {"events": []}


def test_one_bad_event_refuses_the_whole_batch(any_api: Program) -> None:
    events = [EVENT, EVENT, {**EVENT, "type": "no.such"}, {**EVENT, "title": "  "}]
    answer = any_api.post("/events/batch", {"events": events})
    assert answer.status_code == 422
    assert paths(answer) == ["events[2].type", "events[3].title"]
    with any_api.app.app_context():
        assert db.session.query(Event).count() == 0


def test_a_batch_has_at_most_a_thousand_events(api: Program) -> None:
    answer = api.post("/events/batch", {"events": [EVENT] * 1001})
    assert answer.status_code == 422
    assert paths(answer) == ["events"]


def test_a_long_list_of_problems_is_cut_and_says_so(api: Program) -> None:
    answer = api.post("/events/batch", {"events": [{}] * 1000})
    assert answer.status_code == 422
    assert len(paths(answer)) == 100
    assert "more are not listed" in answer.json["detail"]


def test_a_batch_may_be_larger_than_one_event(api: Program) -> None:
    big = {**EVENT, "body": "x" * 400_000}
    assert api.post("/events/batch", {"events": [big] * 4}).status_code == 202
