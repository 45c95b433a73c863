"""The events: their report, and the page of one with who was told and why."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.views.conftest import World
from tests.visiting import Page, Visit


def titles(page: Page) -> list[str]:
    return [row.find(".//a").text or "" for row in page.all("tr") if (row.get("id") or "").startswith("event-")]


def why(page: Page) -> list[str]:
    return [" ".join("".join(entry.itertext()).split()) for entry in page.find("ul", class_="why").findall("li")]


def test_newest_first_with_the_number_of_their_messages(visit: Visit, world: World) -> None:
    world.account()
    world.notification(contacts=[world.contact()])
    world.event(title="first")
    world.event(title="second")
    page = visit("/events")
    assert titles(page) == ["second", "first"]
    assert [cell.text for cell in page.all("td", data_label="Messages")] == ["1", "1"]
    assert page.find("span", id="report-count").text == "2"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("type=password.changed", ["The password of db2 changed"]),
        ("severity=critical", ["Backup of DB1 failed"]),
        ("source=cron", ["Backup of DB1 failed"]),
        ("text=backup+db1", ["Backup of DB1 failed"]),
        ("text=db", ["The password of db2 changed", "Backup of DB1 failed"]),
        ("text=100%25", []),
        ("text=_", []),
        ("since=2000-01-01&until=2000-01-02", []),
        ("since=2000-01-01&sort=made", ["Backup of DB1 failed", "The password of db2 changed"]),
    ],
)
def test_filters(visit: Visit, world: World, query: str, shown: list[str]) -> None:
    world.event("backup.failed", "Backup of DB1 failed", source="cron", severity="critical")
    world.event("password.changed", "The password of db2 changed")
    assert titles(visit(f"/events?{query}")) == shown


@pytest.mark.parametrize("query", ["severity=foo", "since=x", "text=%00", "after=zz", "source=a%0Ab"])
def test_a_value_that_cannot_be_right_is_told_in_words(visit: Visit, world: World, query: str) -> None:
    world.event()
    visit(f"/events?{query}", status=422)


def test_pages(visit: Visit, world: World) -> None:
    for number in range(51):
        world.event(title=f"Event {number}")
    first = visit("/events")
    older = first.find("a", rel="next").get("href")
    second = visit(older)
    assert titles(second) == ["Event 0"]
    assert titles(visit(second.find("a", rel="prev").get("href"))) == titles(first)


def test_nothing_yet_and_nothing_found(visit: Visit, world: World) -> None:
    assert "arauto emit" in visit("/events").find("code").text
    world.event()
    page = visit("/events?severity=critical")
    assert "No event passes these filters." in page.text
    assert "Clear filters" in page.text


def test_a_filter_replaces_the_live_part_alone(world: World, admin_client: FlaskClient) -> None:
    world.event()
    answer = admin_client.get("/events?severity=error", headers={"HX-Request": "true", "HX-Target": "events"})
    assert "<html" not in answer.text
    assert 'id="events"' in answer.text
    assert 'id="report-count" class="count" hx-swap-oob="true">1<' in answer.text


def test_an_event_says_everything_that_it_holds(visit: Visit, world: World) -> None:
    attributes = {"host": "db1", "size": 812, "retry": True, "<b>": "<i>"}
    recorded = world.event(
        "backup.failed", "Backup failed", body="one\n\ntwo", attributes=attributes, source="cron", dedup_key="k1"
    )
    page = visit(f"/events/{recorded.id}")
    for words in (
        "Backup failed",
        "one\n\ntwo",
        "Password backup failed",
        "cron",
        "k1",
        "host",
        "db1",
        "812",
        "true",
        "<i>",
    ):
        assert words in "".join(page.find("main").itertext())


def test_why_each_notification_fired_or_not(visit: Visit, world: World) -> None:
    world.account()
    ana, bob = world.contact(), world.contact("Bob", email="")
    off = world.contact("Off", enabled=False)
    world.notification("Backups", [ana, bob, off], types=["backup.*"])
    world.notification("Again", [ana], types=["*"])
    world.notification("Sleeping", [ana], enabled=False)
    world.notification("Critical", [ana], min_severity="critical")
    world.notification("Sessions", [ana], types=["session.*"])
    recorded = world.event("backup.failed", "Backup failed")

    page = visit(f"/events/{recorded.id}")

    backups, *others = why(page)
    assert backups.startswith("Backups fired. It names the category backup.*. Bob has no e-mail address.")
    assert backups.endswith("Off is disabled, so nothing goes to them by email.")
    assert others == [
        "Again fired. It is for every event type. Ana is told by email already, by the notification Backups.",
        "Sleeping did not fire. It is disabled.",
        "Critical did not fire. The severity of the event is error; it asks for critical or worse.",
    ]
    assert "1 notification is for other event types" in page.text
    [told] = page.find("div", id="messages").iter("tbody")
    assert f"/outbox/{recorded.messages[0].id}" in [link.get("href") for link in told.iter("a")]


def test_nobody_was_told(visit: Visit, world: World) -> None:
    page = visit(f"/events/{world.event().id}")
    assert "Nobody: no notification that fired had anybody to tell." in page.text
    assert "arauto config apply" in page.text


def test_its_messages_look_again_while_they_are_under_way(
    visit: Visit, world: World, admin_client: FlaskClient
) -> None:
    world.account()
    world.notification(contacts=[world.contact()])
    recorded = world.event()
    path = f"/events/{recorded.id}"
    assert visit(path).find("div", id="messages").get("hx-trigger") == "every 5s"
    world.move(recorded.messages[0].id, state="sent")
    answer = admin_client.get(path, headers={"HX-Request": "true", "HX-Target": "messages"})
    assert "<html" not in answer.text
    assert "every 5s" not in answer.text
    assert 'data-state="sent"' in answer.text


def test_many_messages_are_shown_in_the_outbox(visit: Visit, world: World) -> None:
    world.account()
    world.notification(contacts=[world.contact(f"P{number}") for number in range(51)])
    recorded = world.event()
    page = visit(f"/events/{recorded.id}")
    assert f"/outbox?event={recorded.id}" in page.html
    assert len(list(page.find("tbody").iter("tr"))) == 50


@pytest.mark.parametrize("path", ["/events/99", "/events/99999999999999999999", "/events/x"])
def test_there_is_no_such_event(visit: Visit, path: str) -> None:
    visit(path, status=404)


def test_only_for_people_who_signed_in(client: FlaskClient) -> None:
    assert client.get("/events").status_code == 303
    assert client.get("/events/1").status_code == 303
