"""A POST with an Idempotency-Key has its effect once, however often and from wherever it comes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.api.conftest import EVENT, MESSAGE, Build, Program, paths
from tests.factories import make_account, make_contact, make_notification
from webapp.extensions import db
from webapp.models import Event, IdempotencyRecord, Message
from webapp.services import events, outbox

CROWD = 20


def test_a_repeat_gets_the_same_answer_byte_for_byte(any_api: Program, data: None) -> None:
    make_account()
    make_notification(contacts=[make_contact()])
    first, again = (any_api.post("/events", EVENT, key="k1") for _ in range(2))
    assert first.status_code == again.status_code == 202
    assert first.data == again.data
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert db.session.query(Message).count() == 1


def test_the_answer_stays_although_the_message_went_on(any_api: Program, data: None) -> None:
    first = any_api.post("/messages", MESSAGE, key="k1")
    outbox.cancel(first.json["id"])
    assert any_api.post("/messages", MESSAGE, key="k1").data == first.data


def test_a_key_is_for_one_request(any_api: Program) -> None:
    any_api.post("/events", EVENT, key="k1")
    other = any_api.post("/events", {**EVENT, "title": "Another"}, key="k1")
    elsewhere = any_api.post("/messages", MESSAGE, key="k1")
    for answer in (other, elsewhere):
        assert answer.status_code == 422
        assert paths(answer) == []
        assert "Idempotency-Key" in answer.json["detail"]
    with any_api.app.app_context():
        assert db.session.query(Event).count() == 1


def test_each_token_has_its_own_keys(api: Program, program: Build) -> None:
    other = program()
    assert api.post("/events", EVENT, key="k1").json["id"] != other.post("/events", EVENT, key="k1").json["id"]


def test_a_refused_request_leaves_its_key_free(any_api: Program) -> None:
    assert any_api.post("/events", {**EVENT, "type": "no.such"}, key="k1").status_code == 422
    assert any_api.post("/events", EVENT, key="k1").status_code == 202


def test_a_failed_request_leaves_neither_key_nor_effect(any_api: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    record = events.record

    def fails_late(new: events.NewEvent) -> None:
        record(new)
        raise RuntimeError("the machine stopped here")

    monkeypatch.setattr(events, "record", fails_late)
    assert any_api.post("/events", EVENT, key="k1").status_code == 500
    with any_api.app.app_context():
        assert db.session.query(Event).count() == 0
        assert db.session.query(IdempotencyRecord).count() == 0
    monkeypatch.setattr(events, "record", record)
    assert any_api.post("/events", EVENT, key="k1").status_code == 202


def test_every_post_takes_a_key(any_api: Program, data: None) -> None:
    number = any_api.post("/messages", MESSAGE).json["id"]
    cancelled = [any_api.post(f"/messages/{number}/cancel", key="c") for _ in range(2)]
    assert [answer.status_code for answer in cancelled] == [200, 200], "without the key the second would be a conflict"
    resent = [any_api.post(f"/messages/{number}/resend", key="r").json["id"] for _ in range(2)]
    assert resent[0] == resent[1]
    batch = [any_api.post("/events/batch", {"events": [EVENT]}, key="b").data for _ in range(2)]
    assert batch[0] == batch[1]


def test_simultaneous_repeats_have_one_effect(any_api: Program) -> None:
    together = Barrier(CROWD)

    def send() -> tuple[int, bytes]:
        together.wait(30)
        answer = any_api.post("/events", EVENT, key="k1")
        return answer.status_code, answer.data

    with ThreadPoolExecutor(CROWD) as crowd:
        answers = {future.result(60) for future in [crowd.submit(send) for _ in range(CROWD)]}
    assert len(answers) == 1, answers
    assert answers.pop()[0] == 202
    with any_api.app.app_context():
        assert db.session.query(Event).count() == 1
