"""The report of the outbox: what it shows, in which order, narrowed by what, and when it looks again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.views.conftest import World
from tests.visiting import Page, Visit
from webapp.models import State, User
from webapp.services.unit import write


def subjects(page: Page) -> list[str]:
    return [row.find(".//a").text or "" for row in rows(page)]


def rows(page: Page) -> list[Any]:
    return [row for row in page.all("tr") if (row.get("id") or "").startswith("message-")]


def link(page: Page, words: str) -> str:
    found = [a for a in page.all("a") if " ".join("".join(a.itertext()).split()) == words]
    assert found, f"no link {words!r}"
    return found[0].get("href") or ""


def test_newest_first_each_with_its_page(visit: Visit, world: World) -> None:
    first, second = world.message("first"), world.message("second")

    page = visit("/outbox")

    assert subjects(page) == ["second", "first"]
    assert link(page, "first") == f"/outbox/{first}"
    assert [row.get("id") for row in rows(page)] == [f"message-{second}", f"message-{first}"]
    assert page.find("span", id="report-count").text == "2"


def test_all_ten_states_are_said_in_words(visit: Visit, world: World) -> None:
    world.in_each_state()
    page = visit("/outbox")
    for state in State:
        badge = page.find("span", data_state=state.value)
        assert "".join(badge.itertext()).strip() == state.value


@pytest.mark.parametrize("state", list(State))
def test_the_buttons_of_the_states_narrow_the_report(visit: Visit, world: World, state: State) -> None:
    world.in_each_state()
    address = link(visit("/outbox?text=in&columns=state"), state.value)
    page = visit(address)
    assert subjects(page) == [f"in {state}"]
    assert page.find("input", id="filter-text").get("value") == "in", "the other filters stay"
    assert [box.get("value") for box in page.all("input", name="columns") if box.get("checked") is not None] == [
        "state"
    ]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("text=backup", ["Backup of db1"]),
        ("text=back*+db1", ["Backup of db1"]),
        ("recipient=bob@corp.example", ["Other"]),
        ("account=Branch", ["Branch mail"]),
        ("account=Nobody", []),
        ("channel=email", ["Branch mail", "Other", "Backup of db1"]),
        ("channel=sms", []),
        ("type=password.changed", []),
        ("since=2026-03-01&until=2026-03-31", ["Backup of db1"]),
        ("since=2026-03-10T12:00&until=2026-03-10+12:01", ["Backup of db1"]),
        ("since=2026-03-11", ["Branch mail", "Other"]),
    ],
)
def test_filters(visit: Visit, world: World, query: str, shown: list[str]) -> None:
    world.account()
    branch = world.account("Branch", is_default=False)
    world.move(world.message("Backup of db1"), created_at=datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC))
    world.message("Other", new={"recipient": "bob@corp.example"})
    world.message("Branch mail", new={"account_id": branch})
    assert subjects(visit(f"/outbox?{query}")) == shown


def test_times_are_those_of_the_viewer(visit: Visit, world: World, app: Flask, admin_client: FlaskClient) -> None:
    with app.app_context(), write() as session:
        session.execute(update(User).values(timezone="America/Sao_Paulo"))
    world.move(world.message("late"), created_at=datetime(2026, 3, 11, 1, 30, tzinfo=UTC))
    assert subjects(visit("/outbox?since=2026-03-10&until=2026-03-10")) == ["late"]
    assert subjects(visit("/outbox?since=2026-03-11&until=2026-03-11")) == []
    field = visit("/outbox?since=2026-03-10").find("input", id="filter-since")
    assert field.get("value") == "2026-03-10T00:00"


def test_the_messages_of_one_event(visit: Visit, world: World) -> None:
    event = world.event().id
    world.message("of the event", new={"event_id": event, "event_type": "backup.failed"})
    world.message("another")
    page = visit(f"/outbox?event={event}")
    assert subjects(page) == ["of the event"]
    assert page.find("input", name="event").get("value") == str(event), "the form keeps it"


def test_a_filter_in_force_can_be_taken_away_alone(visit: Visit, world: World) -> None:
    world.message("Backup", new={"recipient": "ana@corp.example"})
    page = visit("/outbox?text=backup&recipient=ana@corp.example&sort=made")
    assert link(page, "Subject: backup") == "/outbox?recipient=ana%40corp.example&sort=made"
    assert link(page, "Remove all") == "/outbox"


@pytest.mark.parametrize("query", ["", "text=subject", "sort=made", "text=subject&sort=made"])
def test_older_and_newer_turn_the_same_pages(visit: Visit, world: World, query: str) -> None:
    world.messages(120)
    down = [visit(f"/outbox?{query}")]
    words = ("Newer", "Older") if "sort" in query else ("Older", "Newer")
    for _ in range(2):
        down.append(visit(link(down[-1], words[0])))
    ids = [[row.get("id") for row in rows(page)] for page in down]
    assert [len(page) for page in ids] == [50, 50, 20]
    assert len({number for page in ids for number in page}) == 120
    assert words[0] not in down[2].text

    middle = visit(link(down[2], words[1]))
    top = visit(link(middle, words[1]))

    assert [row.get("id") for row in rows(middle)] == ids[1]
    assert [row.get("id") for row in rows(top)] == ids[0]
    assert words[1] not in top.text


def test_a_page_before_the_first_is_the_first_whole_page(visit: Visit, world: World) -> None:
    world.messages(60)
    second = visit(link(visit("/outbox"), "Older"))
    newer = link(second, "Newer")
    world.messages(3)
    assert len(rows(visit(newer))) == 50


def test_sorted_by_time_both_ways(visit: Visit, world: World) -> None:
    world.message("first")
    world.message("second")
    oldest_first = link(visit("/outbox"), "Made")
    page = visit(oldest_first)
    assert subjects(page) == ["first", "second"]
    assert subjects(visit(link(page, "Made"))) == ["second", "first"]


def test_the_columns_are_chosen_by_the_address(visit: Visit, world: World) -> None:
    world.message("A subject", new={"notification": "Vault watch"})
    page = visit("/outbox?columns=notification&columns=attempts&columns=nonsense")
    headings = ["".join(th.itertext()).strip() for th in page.all("th")]
    assert headings == ["Subject", "Notification", "Attempts", "Actions"]
    assert "Vault watch" in page.text


HOSTILE = (
    *("state=foo", "channel=%00", "event=x", "event=99999999999999999999", "event=-1", "event=²"),
    *("since=yesterday", "until=0001-01-01", "since=9999-12-31T23:59", "until=2026-13-45", "since=" + "9" * 5000),
    *("text=%00", "text=%ED%A0%80%00", "recipient=" + "x" * 5000, "account=a%0Ab", "type=%1b[31m"),
    *("after=zzz", "after=!!", "before=%F0%9F%98%80", "after=" + "A" * 3000, "text=a&after=NQ", "before=NSw1"),
)


@pytest.mark.parametrize("query", HOSTILE)
def test_a_value_that_cannot_be_right_is_told_in_words(visit: Visit, world: World, query: str) -> None:
    world.message("still here")
    page = visit(f"/outbox?{query}", status=422)
    refusals = [*page.all("p", class_="field-error"), *page.all("ul", class_="plain")]
    assert any("".join(words.itertext()).strip() for words in refusals)


@pytest.mark.parametrize(
    "query", ["text=***", "text=%22+OR+(", "sort=%00", "columns=%00", "part=x", "state=", "text=%20"]
)
def test_a_value_that_means_nothing_is_left_alone(visit: Visit, world: World, query: str) -> None:
    world.message("still here")
    visit(f"/outbox?{query}")


def test_nothing_yet_says_what_to_do(visit: Visit) -> None:
    page = visit("/outbox")
    assert "arauto emit" in page.find("code").text
    assert not page.all("table")


def test_nothing_for_these_filters_offers_to_clear_them(visit: Visit, world: World) -> None:
    world.message("here")
    page = visit("/outbox?text=nowhere")
    assert link(page, "Clear filters") == "/outbox"
    assert "arauto emit" not in page.html


def test_it_looks_again_only_while_something_is_under_way(
    visit: Visit, world: World, admin_client: FlaskClient
) -> None:
    number = world.message()
    live = visit("/outbox").find("div", id="messages")
    assert (live.get("hx-trigger"), live.get("hx-get")) == ("every 5s", "/outbox")

    world.move(number, state=State.SENT)
    fragment = admin_client.get("/outbox", headers={"HX-Request": "true", "HX-Target": "messages"})

    assert "<html" not in fragment.text
    assert 'id="messages"' in fragment.text
    assert 'data-state="sent"' in fragment.text
    assert "every 5s" not in fragment.text, "what has ended does not poll"
    assert 'id="report-count" class="count" hx-swap-oob="true"' in fragment.text


def test_what_keeps_a_message_stands_under_its_subject(visit: Visit, world: World) -> None:
    account = world.account()
    world.trouble(account, since=datetime.now(UTC), kind="auth", stage="auth", code=535, words="5.7.8 Wrong password")
    world.message("waiting")
    failed = {"last_stage": "rcpt", "last_code": 550, "last_words": "No such user"}
    world.message("refused", state=State.FAILED, reason="refused", **failed)
    text = visit("/outbox").text
    assert "The SMTP account Relay cannot send: Signing in (AUTH): 535 5.7.8 Wrong password" in text
    assert "Recipient (RCPT TO): 550 No such user" in text


def test_who_may_only_look_is_offered_no_deeds(visit: Visit, world: World, viewer_client: FlaskClient) -> None:
    number = world.message()
    assert f"/outbox/{number}/cancel" in visit("/outbox").html
    page = visit("/outbox", client=viewer_client)
    assert f"/outbox/{number}/cancel" not in page.html


def test_what_others_wrote_is_shown_as_text(visit: Visit, world: World) -> None:
    world.message("<script>alert(1)</script>", new={"recipient_name": "<b>"})
    assert "<script>alert(1)</script>" in visit("/outbox").text


def test_a_deleted_account_leaves_its_messages_readable(visit: Visit, world: World) -> None:
    world.message("orphan", account_id=None)
    assert "There is no SMTP account to send it by" in visit("/outbox").text
