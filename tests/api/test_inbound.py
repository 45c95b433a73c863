"""What came in, over HTTP."""

from __future__ import annotations

import pytest

from tests.services.inbox.conftest import arrive, mail, sent_message
from tests.services.inbox.letters import report
from webapp import clock
from webapp.mailboxes.base import Listed
from webapp.services import configuration
from webapp.services.inbox import processing, store
from webapp.services.inbox.store import Arrived

KEYS = {
    *("id", "account", "kind", "from", "subject", "received_at", "message_id", "answers", "effect", "state", "error"),
}


@pytest.fixture
def came(any_app) -> list[int]:
    """Three mails that came in, by their numbers."""
    with any_app.app_context():
        configuration.save("credentials", {"name": "reader", "username": "u", "secret": {"value": "s"}})
        configuration.save("inbox_accounts", {"name": "Replies", "host": "h", "port": 143, "credential": "reader"})
        account = configuration.number_of("inbox_accounts", {"name": "Replies"})
        mails = [Arrived(Listed(f"k{one}", 1), mail(one), clock.now()) for one in range(3)]
        kept = store.keep(account, mails, names=lambda _: True)
        processing.process(kept)
        return [one.number for one in kept]


def test_a_list_and_its_pages(came, any_api):
    first = any_api.get("/inbound", limit=2).json
    assert [item["id"] for item in first["items"]] == came[:0:-1]
    assert set(first["items"][0]) == KEYS
    rest = any_api.get("/inbound", limit=2, after=first["next"]).json
    assert ([item["id"] for item in rest["items"]], rest["next"]) == (came[:1], None)


def test_it_is_narrowed(came, any_api):
    assert len(any_api.get("/inbound", account="Replies", kind="other", state="processed").json["items"]) == 3
    assert any_api.get("/inbound", account="Nobody").json["items"] == []
    assert len(any_api.get("/inbound", text="mail 2").json["items"]) == 1
    assert any_api.get("/inbound", kind="nonsense").status_code in (400, 422)
    assert any_api.get("/inbound", colour="red").status_code in (400, 422)


def test_one_mail(came, any_api):
    shown = any_api.get(f"/inbound/{came[0]}").json
    assert (shown["from"], shown["subject"], shown["account"]) == ("a@corp.example", "mail 0", "Replies")
    assert set(shown) > KEYS
    assert any_api.get("/inbound/99").status_code == 404


def test_a_message_that_came_back_says_why(came, any_api):
    with any_api.app.app_context():
        message = sent_message()
        account = configuration.number_of("inbox_accounts", {"name": "Replies"})
        arrive(report(message, "failed", "5.1.1"), account)
        number = message.id
    said = "The message came back. 550 5.1.1 said the server"
    [item] = any_api.get("/messages", state="bounced").json["items"]
    assert (item["id"], item["last_error"]) == (number, said)
    assert any_api.get(f"/messages/{number}").json["timeline"][-1]["error"] == said
