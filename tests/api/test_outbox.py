"""The outbox over HTTP: the list, one message and its timeline, cancel and resend."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.api.conftest import EVENT, MESSAGE, Program, paths
from tests.factories import make_account, make_contact, make_messages, make_notification
from webapp import clock
from webapp.extensions import db
from webapp.mail.compose import Words
from webapp.models import AccountHealth, Attempt, Message, State, TimelineEntry
from webapp.queries.plain import moment
from webapp.services import outbox
from webapp.services.unit import write

FIELDS = {
    *("id", "channel", "recipient", "account", "subject", "state", "attempts", "event_id", "message_id"),
    *("created_at", "sent_at", "next_attempt_at", "last_error"),
}


@pytest.fixture
def account(data: None) -> int:
    return make_account()


def change(number: int, **values: Any) -> None:
    with write() as session:
        session.execute(update(Message).where(Message.id == number).values(**values))


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.data
    return [item["id"] for item in answer.json["items"]]


def test_a_message_in_the_list_has_exactly_the_promised_fields(any_api: Program, account: int) -> None:
    [number] = make_messages()
    [item] = any_api.get("/messages").json["items"]
    row = db.session.get_one(Message, number)
    assert set(item) == FIELDS
    assert item == {
        "id": number,
        "channel": "email",
        "recipient": "p0@corp.example",
        "account": "Relay",
        "subject": "A subject",
        "state": "queued",
        "attempts": 0,
        "event_id": None,
        "message_id": row.message_id,
        "created_at": moment(row.created_at),
        "sent_at": None,
        "next_attempt_at": moment(row.next_attempt_at),
        "last_error": None,
    }


def test_pages_go_from_the_newest_to_the_oldest_and_end_with_null(any_api: Program, account: int) -> None:
    numbers = make_messages(7)
    seen, after = [], None
    for expected in (3, 3, 1):
        page = any_api.get("/messages", limit=3, **({"after": after} if after else {}))
        assert len(ids(page)) == expected
        seen += ids(page)
        after = page.json["next"]
    assert after is None
    assert seen == numbers[::-1]
    assert any_api.get("/messages", limit=7).json["next"] is None


def test_a_page_holds_its_place_while_messages_arrive(api: Program, account: int) -> None:
    numbers = make_messages(4)
    first = api.get("/messages", limit=2)
    make_messages(3)
    assert ids(api.get("/messages", limit=2, after=first.json["next"])) == numbers[1::-1]


@pytest.fixture
def mixed(account: int) -> dict[str, int]:
    """Messages that differ in one thing each."""
    other = make_account("Other", is_default=False)
    numbers = {
        "failed": make_messages(recipient="a@corp.example")[0],
        "sms": make_messages(channel="sms", recipient="+5511999990000")[0],
        "other": make_messages(recipient="b@corp.example", account_id=other)[0],
        "typed": make_messages(recipient="c@corp.example", event_type="backup.failed")[0],
        "worded": make_messages(recipient="d@corp.example", words=Words("Backup of db1.corp.example failed", "x"))[0],
    }
    change(numbers["failed"], state=State.FAILED)
    return numbers


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "failed"}, ["failed"]),
        ({"state": "suppressed"}, ["sms"]),
        ({"channel": "sms"}, ["sms"]),
        ({"recipient": "b@corp.example"}, ["other"]),
        ({"account": "Other"}, ["other"]),
        ({"account": "No such"}, []),
        ({"event_type": "backup.failed"}, ["typed"]),
        ({"text": "db1"}, ["worded"]),
        ({"text": "BACKUP failed"}, ["worded"]),
        ({"text": "back*"}, ["worded"]),
        ({"text": "corp.example"}, ["worded"]),
        ({"text": "back"}, []),
        ({"text": "backup succeeded"}, []),
        ({"text": "..."}, []),
        ({"text": '"', "state": "queued"}, []),
        ({"text": "subject", "channel": "sms"}, ["sms"]),
        ({"text": "subject", "state": "queued", "channel": "email"}, ["typed", "other"]),
        ({"state": "queued", "account": "Relay"}, ["worded", "typed"]),
        ({"state": "queued", "account": "Relay", "recipient": "c@corp.example"}, ["typed"]),
        ({"state": "failed", "channel": "sms"}, []),
        ({"state": "", "recipient": ""}, ["worded", "typed", "other", "sms", "failed"]),
    ],
    ids=str,
)
def test_filters_narrow_the_list(
    any_api: Program, mixed: dict[str, int], query: dict[str, str], expected: list[str]
) -> None:
    assert ids(any_api.get("/messages", **query)) == [mixed[name] for name in expected]


def test_time_narrows_the_list(any_api: Program, account: int) -> None:
    noon = clock.now()
    numbers = make_messages(5)
    for hours, number in enumerate(numbers):
        change(number, created_at=noon + timedelta(hours=hours))

    def between(since: int | None, until: int | None, **more: Any) -> list[int]:
        bounds = {
            "since": None if since is None else moment(noon + timedelta(hours=since)),
            "until": None if until is None else moment(noon + timedelta(hours=until)),
        }
        return ids(any_api.get("/messages", **{name: value for name, value in bounds.items() if value}, **more))[::-1]

    assert between(1, 3) == numbers[1:3]
    assert between(2, None) == numbers[2:]
    assert between(None, 2) == numbers[:2]
    assert between(9, None) == []
    assert between(None, -9) == []
    assert between(1, 4, text="subject") == numbers[1:4]
    assert between(1, 4, recipient="p2@corp.example") == [numbers[2]]


def test_time_is_right_although_the_clock_was_set_back(api: Program, account: int) -> None:
    noon = clock.now()
    numbers = make_messages(6)
    for hours, number in zip((0, 1, 2, 0, 1, 2), numbers, strict=True):
        change(number, created_at=noon + timedelta(hours=hours))
    found = ids(api.get("/messages", since=moment(noon + timedelta(hours=1)), until=moment(noon + timedelta(hours=2))))
    assert found == [numbers[4], numbers[1]]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"state": "held"}, "state"),
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"after": "nonsense"}, "after"),
        ({"after": "!"}, "after"),
        ({"after": "MQ", "text": "subject"}, "after"),
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-03-01T09:30:00"}, "until"),
        ({"event_id": "x"}, "event_id"),
        ({"recipient": "nul\0"}, "recipient"),
        ({"colour": "red"}, "colour"),
        ({"state": ["sent", "failed"]}, "state"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named(api: Program, query: dict[str, Any], named: str) -> None:
    answer = api.get("/messages", **query)
    assert answer.status_code == 422
    assert paths(answer) == [named]


def test_the_timeline_tells_the_whole_way(any_api: Program, account: int) -> None:
    make_notification("Passwords", contacts=[make_contact()], types=["password.*"])
    event = any_api.post("/events", {**EVENT, "source": "vault"}).json
    number = event["messages"][0]["id"]
    start = clock.now()
    with write() as session:
        for minutes, outcome, stage, code, words in (
            (1, "temporary", "rcpt", 450, "Mailbox busy"),
            (2, "permanent", "rcpt", 550, "No such user"),
        ):
            session.add(
                Attempt(
                    message_id=number,
                    account_id=account,
                    started_at=start + timedelta(minutes=minutes),
                    duration_ms=12,
                    outcome=outcome,
                    stage=stage,
                    code=code,
                    enhanced="",
                    words=words,
                    tls="",
                )
            )
        session.add(TimelineEntry(message_id=number, at=start + timedelta(seconds=90), kind="freed", detail={}))
    change(
        number,
        state=State.FAILED,
        reason="refused",
        attempts=2,
        last_stage="rcpt",
        last_code=550,
        last_words="No such user",
    )
    message = any_api.get(f"/messages/{number}").json
    assert set(message) == FIELDS | {"timeline", "resent_from"}
    assert message["last_error"] == "Recipient (RCPT TO): 550 No such user"
    line = message["timeline"]
    assert [entry["kind"] for entry in line] == [
        *("event", "notification", "account", "attempt", "freed", "attempt", "state")
    ]
    assert line[0]["event_id"] == event["id"]
    assert (line[0]["title"], line[0]["source"]) == (EVENT["title"], "vault")
    assert (line[1]["notification"], line[1]["why"]) == ("Passwords", "It names the category password.*.")
    assert line[2]["account"] == "Relay"
    assert {
        name: line[3][name] for name in ("number", "account", "stage", "outcome", "code", "words", "duration_ms")
    } == {
        "number": 1,
        "account": "Relay",
        "stage": "rcpt",
        "outcome": "temporary",
        "code": 450,
        "words": "Mailbox busy",
        "duration_ms": 12,
    }
    assert line[5]["number"] == 2
    assert (line[-1]["state"], line[-1]["error"]) == ("failed", message["last_error"])
    assert [entry["at"] for entry in line] == sorted(entry["at"] for entry in line)


def test_a_message_that_is_not_there_is_not_found(api: Program) -> None:
    assert api.get("/messages/7").status_code == 404
    for what in ("cancel", "resend"):
        assert api.post(f"/messages/7/{what}").status_code == 404


def trouble(account: int, **values: Any) -> None:
    values = {"kind": "unreachable", "stage": "connect", "code": None, "words": "Connection refused", **values}
    with write() as session:
        session.add(AccountHealth(account_id=account, failures=3, since=clock.now(), **values))


def test_a_message_that_waits_for_a_dead_account_says_so(any_api: Program, account: int) -> None:
    retry_at = clock.now() + timedelta(minutes=1)
    make_messages()
    trouble(account, retry_at=retry_at)
    [item] = any_api.get("/messages").json["items"]
    assert item["last_error"] == "The SMTP account Relay cannot send: Connecting: Connection refused"
    assert item["next_attempt_at"] == moment(retry_at)
    assert (item["state"], item["attempts"]) == ("queued", 0)


def test_a_message_that_waits_for_its_time_does_not_blame_the_account(api: Program, account: int) -> None:
    start = clock.now() + timedelta(hours=1)
    make_messages(send_at=start)
    trouble(account, retry_at=clock.now())
    [item] = api.get("/messages").json["items"]
    assert item["last_error"] is None
    assert item["next_attempt_at"] == moment(start)


def test_a_message_that_waits_for_a_disabled_account_says_so(api: Program, data: None) -> None:
    make_account("Off", is_default=False, enabled=False)
    make_messages(account_id=1)
    [item] = api.get("/messages").json["items"]
    assert "The SMTP account Off is disabled" in item["last_error"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "failed", "reason": "expired"}, "expired before it could be delivered"),
        ({"state": "unknown", "reason": "unanswered", "last_stage": "dot"}, "answer never came"),
        ({"state": "queued", "last_stage": "mail", "last_code": 451, "last_words": "Later"}, "(MAIL FROM): 451 Later"),
        ({"state": "queued", "last_stage": "connect", "last_words": "Timed out"}, "Connecting: Timed out"),
    ],
    ids=str,
)
def test_the_last_error_is_in_words(api: Program, account: int, values: dict[str, Any], words: str) -> None:
    [number] = make_messages()
    change(number, **values)
    assert words in api.get(f"/messages/{number}").json["last_error"]


def test_what_has_no_way_out_says_so(api: Program, data: None) -> None:
    make_messages(channel="sms", recipient="+5511999990000")
    [item] = api.get("/messages").json["items"]
    assert item["state"] == "suppressed"
    assert "No way out" in item["last_error"]
    assert item["next_attempt_at"] is None


def test_a_queued_message_can_be_cancelled_once(any_api: Program, account: int) -> None:
    number = any_api.post("/messages", MESSAGE).json["id"]
    answer = any_api.post(f"/messages/{number}/cancel")
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    assert set(answer.json) == FIELDS
    again = any_api.post(f"/messages/{number}/cancel")
    assert again.status_code == 409
    assert "cancelled" in again.json["detail"]
    entry = any_api.get(f"/messages/{number}").json["timeline"][-2]
    assert (entry["kind"], entry["by"]) == ("cancelled", "monitor")


def test_a_resend_is_a_new_message(any_api: Program, account: int) -> None:
    number = any_api.post("/messages", MESSAGE).json["id"]
    assert any_api.post(f"/messages/{number}/resend").status_code == 409, "it is still queued"
    outbox.cancel(number)
    answer = any_api.post(f"/messages/{number}/resend")
    assert answer.status_code == 202
    assert answer.json == {"id": answer.json["id"], "state": "queued", "resent_from": number}
    copy = any_api.get(f"/messages/{answer.json['id']}").json
    assert (copy["resent_from"], copy["recipient"], copy["subject"]) == (number, MESSAGE["to"], MESSAGE["subject"])
    assert copy["timeline"][0]["kind"] == "resent_from"
    assert copy["message_id"] != any_api.get(f"/messages/{number}").json["message_id"]
    assert any_api.get(f"/messages/{number}").json["timeline"][-2]["as"] == answer.json["id"]
