"""The page of a message: what it needs, how it got where it is, what it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.views.conftest import World
from tests.visiting import Page, Visit
from webapp import clock
from webapp.views.hygiene import SANDBOXED

NOW = datetime.now(UTC) + timedelta(days=1)
SOON = NOW + timedelta(hours=1)


def banner(page: Page) -> str:
    found = [
        " ".join("".join(each.itertext()).split()) for each in page.all("section") if "banner" in each.get("class", "")
    ]
    return " ".join(found)


def test_the_timeline_tells_the_whole_way(visit: Visit, world: World) -> None:
    account = world.account()
    world.notification("Backups", [world.contact()], types=["backup.*"])
    recorded = world.event("backup.failed", "Backup of db1 failed", source="cron")
    [message] = recorded.messages
    tried: dict[str, Any] = {"account_id": account, "tls": "TLSv1.3", "enhanced": ""}
    world.attempt(
        message.id,
        started_at=NOW,
        duration_ms=1400,
        outcome="temporary",
        stage="rcpt",
        code=450,
        words="Greylisted",
        **tried,
    )
    world.attempt(
        message.id, started_at=SOON, duration_ms=87, outcome="accepted", stage="dot", code=250, words="Ok", **tried
    )
    world.move(message.id, state="sent", sent_at=SOON, attempts=2)

    page = visit(f"/outbox/{message.id}")

    story = [" ".join("".join(entry.itertext()).split()) for entry in page.find("ol", class_="timeline")]
    for words, entry in zip(
        (
            "The event backup.failed was recorded: Backup of db1 failed",
            "The notification Backups fired. It names the category backup.*.",
            "It goes by the account Relay.",
            "Attempt 1: not taken for now. Recipient (RCPT TO): 450 Greylisted",
            "Attempt 2: the server took it.",
            "Now: sent",
        ),
        story,
        strict=True,
    ):
        assert entry.startswith(words)
    assert "1.4 s" in story[3]
    assert "87 ms" in story[4]
    assert "TLSv1.3" in story[4]
    assert f'href="/events/{recorded.id}"' in page.html


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        ("cancelled", {"by": "ana"}, "ana cancelled it."),
        ("freed", {}, "stopped, so it was queued again"),
        ("left_in_doubt", {}, "It may have arrived, so it is not repeated."),
        ("expired", {}, "Its time was over."),
        ("resent", {"by": "ana", "as": 7}, "ana resent it as message 7"),
    ],
)
def test_what_else_happened_stands_in_the_timeline(
    visit: Visit, world: World, kind: str, detail: dict[str, Any], words: str
) -> None:
    number = world.message()
    world.note(number, kind, **detail)
    assert words in visit(f"/outbox/{number}").text


def test_it_waits_for_any_account(visit: Visit, world: World) -> None:
    page = visit(f"/outbox/{world.message()}")
    assert "It waits for an SMTP account" in banner(page)
    assert "arauto config apply" in banner(page)
    assert "There is no SMTP account that it could go by." in page.text


def test_it_waits_for_a_dead_account(visit: Visit, world: World) -> None:
    account = world.account("São Paulo")
    said = {"kind": "auth", "stage": "auth", "code": 535, "words": "Wrong password"}
    world.trouble(account, since=NOW, retry_at=SOON, **said)
    words = banner(visit(f"/outbox/{world.message()}"))
    assert "It waits for the account São Paulo" in words
    assert "Signing in (AUTH): 535 Wrong password." in words
    assert "Check the user name and the password of its credential." in words
    assert "loses no attempt" in words
    assert "arauto send-test 'São Paulo' --to ADDRESS" in words


NOTES = (
    ({"state": "queued", "next_attempt_at": SOON}, "It is to be sent later"),
    (
        {
            "state": "queued",
            "next_attempt_at": SOON,
            "attempts": 2,
            "last_stage": "rcpt",
            "last_code": 450,
            "last_words": "No",
        },
        "It will be tried againThe server did not take it: Recipient (RCPT TO): 450 No.",
    ),
    (
        {"state": "failed", "reason": "refused", "last_stage": "rcpt", "last_code": 550, "last_words": "No such user"},
        "Recipient (RCPT TO): 550 No such user. The server does not take mail for this recipient. Check the address",
    ),
    (
        {"state": "failed", "reason": "expired"},
        "It expiredIts time was over before it could be delivered. It was never tried.",
    ),
    ({"state": "bounced"}, "It came back"),
    ({"state": "unknown", "reason": "unanswered"}, "Nobody knows whether it arrived"),
    ({"state": "suppressed", "reason": "no_transport"}, "It was not sent"),
    ({"state": "suppressed", "reason": "bounced_before"}, "arauto inbound lift p0@corp.example"),
    ({"state": "sent", "maybe_repeated": True}, "It may have arrived twice"),
)


@pytest.mark.parametrize(("values", "words"), NOTES)
def test_what_it_needs_is_said(visit: Visit, world: World, values: dict[str, Any], words: str) -> None:
    world.account()
    assert words in banner(visit(f"/outbox/{world.message(**values)}"))


@pytest.mark.parametrize("state", ["queued", "sending", "sent", "delivered", "read", "cancelled"])
def test_what_needs_nothing_says_nothing(visit: Visit, world: World, state: str) -> None:
    world.account()
    assert banner(visit(f"/outbox/{world.message(state=state)}")) == ""


def test_it_waits_for_a_disabled_account(visit: Visit, world: World) -> None:
    account = world.account("Old", is_default=False, enabled=False)
    assert "The account Old is disabled." in banner(visit(f"/outbox/{world.message(account_id=account)}"))


def test_every_part_has_its_address(visit: Visit, world: World) -> None:
    world.account(sender_name="Arauto", return_path_email="bounces@corp.example")
    number = world.message("Água", html="<p>As HTML</p>")
    page = visit(f"/outbox/{number}")
    parts = [a.get("href") for a in page.find("nav", class_="tabs").iter("a")]
    assert parts == [f"/outbox/{number}"] + [
        f"/outbox/{number}?part={part}" for part in ("text", "html", "headers", "source")
    ]
    assert "A body" in visit(f"{parts[1]}").find("pre").text
    frame = visit(f"{parts[2]}").find("iframe")
    assert (frame.get("sandbox"), frame.get("src")) == ("", f"/outbox/{number}/html")
    headers = visit(f"{parts[3]}").text
    assert "Sender (MAIL FROM) bounces@corp.example" in headers
    assert "Água" in headers
    source = visit(f"{parts[4]}").find("pre", id="source").text or ""
    assert "Subject: =?utf-8?" in source
    assert "This is what the account Relay would send now." in visit(f"{parts[4]}").text


def test_the_source_of_what_left_says_that_it_was_made_again(visit: Visit, world: World) -> None:
    world.account()
    number = world.message(state="sent", sent_at=NOW)
    assert "What was sent is not kept." in visit(f"/outbox/{number}?part=source").text


@pytest.mark.parametrize("part", ["headers", "source"])
def test_without_an_account_there_is_no_mail_yet(visit: Visit, world: World, part: str) -> None:
    assert "There is no mail yet" in visit(f"/outbox/{world.message()}?part={part}").text


def test_a_message_that_cannot_be_written_says_why(visit: Visit, world: World) -> None:
    world.account()
    number = world.message(recipient="not an address")
    assert "It cannot be written as a mail" in visit(f"/outbox/{number}?part=source").text


@pytest.mark.parametrize("part", ["html", "headers", "source", "nonsense"])
def test_another_channel_is_no_mail(visit: Visit, world: World, part: str) -> None:
    number = world.message(new={"channel": "sms", "recipient": "+5511999990000"})
    page = visit(f"/outbox/{number}?part={part}")
    assert len(page.find("nav", class_="tabs").findall(".//a")) == 2
    assert "What happened, in order" in page.html


def test_the_html_can_do_nothing(world: World, admin_client: FlaskClient) -> None:
    number = world.message(html="<script>alert(1)</script><img src=https://evil.example/x>")
    answer = admin_client.get(f"/outbox/{number}/html")
    assert answer.headers["Content-Security-Policy"] == SANDBOXED
    assert "sandbox" in SANDBOXED
    assert "img-src data:" in SANDBOXED
    assert answer.text.endswith("<script>alert(1)</script><img src=https://evil.example/x>")


def test_the_source_is_a_file(world: World, admin_client: FlaskClient) -> None:
    world.account()
    answer = admin_client.get(f"/outbox/{world.message()}/source.eml")
    assert (answer.status_code, answer.content_type) == (200, "message/rfc822")
    assert answer.headers["Content-Disposition"] == "attachment; filename=message-1.eml"
    assert b"Subject: A subject\r\n" in answer.data


@pytest.mark.parametrize(
    "path", ["/outbox/99", "/outbox/99/html", "/outbox/99/source.eml", "/outbox/99/cancel", "/outbox/0"]
)
def test_there_is_no_such_message(visit: Visit, path: str) -> None:
    assert "There is no message" in visit(path, status=404).text


@pytest.mark.parametrize("path", ["/outbox/99999999999999999999", "/outbox/x", "/outbox/-1", "/outbox/1/burn"])
def test_there_is_no_such_page(visit: Visit, path: str) -> None:
    visit(path, status=404)


def test_a_message_without_html_has_none(world: World, admin_client: FlaskClient) -> None:
    assert admin_client.get(f"/outbox/{world.message()}/html").status_code == 404
    assert admin_client.get(f"/outbox/{world.message()}/source.eml").status_code == 404


def test_it_looks_again_only_while_it_is_under_way(visit: Visit, world: World, admin_client: FlaskClient) -> None:
    number = world.message()
    whole = visit(f"/outbox/{number}").find("div", id="message")
    assert (whole.get("hx-trigger"), whole.get("hx-get")) == ("every 3s", f"/outbox/{number}")
    text = visit(f"/outbox/{number}?part=text")
    assert text.find("div", id="message").get("hx-trigger") is None, "what is read is not replaced"
    assert text.find("div", id="status").get("hx-trigger") == "every 10s"

    world.move(number, state="sent")
    for target in ("message", "status"):
        answer = admin_client.get(f"/outbox/{number}", headers={"HX-Request": "true", "HX-Target": target})
        assert "<html" not in answer.text
        assert f'<div id="{target}">' in answer.text
        assert 'data-state="sent"' in answer.text


def test_it_looks_for_an_answer_for_an_hour_and_replaces_only_what_is_not_new(
    visit: Visit, world: World, admin_client: FlaskClient
) -> None:
    number = world.message()
    world.move(number, state="sent", sent_at=clock.now())
    whole = visit(f"/outbox/{number}").find("div", id="message")
    assert whole.get("hx-trigger") == "every 3s"
    seen = json.loads(whole.get("hx-headers"))
    asks = {"HX-Request": "true", "HX-Target": "message", **seen}
    assert admin_client.get(f"/outbox/{number}", headers=asks).status_code == 204
    world.move(number, state="read")
    answer = admin_client.get(f"/outbox/{number}", headers=asks)
    assert 'data-state="read"' in answer.text
    assert "hx-trigger" not in answer.text
    world.move(number, state="sent", sent_at=clock.now() - timedelta(hours=2))
    assert visit(f"/outbox/{number}").find("div", id="message").get("hx-trigger") is None
    answer = admin_client.get(f"/outbox/{number}", headers=asks)
    assert answer.status_code == 200, "a page that was left open is told to look no more"
    assert "hx-trigger" not in answer.text


def test_to_the_mail_that_the_sandbox_caught_and_back(visit: Visit, world: World) -> None:
    number = world.message(state="sent")
    assert "In the sandbox mailbox" not in visit(f"/outbox/{number}").text
    caught = world.mail(message_id=world.row(number).message_id)
    assert f'href="/sandbox/{caught}"' in visit(f"/outbox/{number}").html
    assert f'href="/outbox/{number}"' in visit(f"/sandbox/{caught}").html
