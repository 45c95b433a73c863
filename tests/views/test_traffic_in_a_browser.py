"""Outbox, events, audit log, sandbox mailbox in Chromium: axe, each width, keyboard, live parts, without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.peers.axe import no_barriers
from tests.peers.chromium import Problems
from tests.views.conftest import World
from tests.visiting import enter
from webapp.models import InboundMessage
from webapp.services import configuration

LONG = "The backup of db1.corp.example failed after two hours, and nobody has looked at it since last Thursday " * 3
HTML = "<h1>Hi</h1><script>alert(1)</script><a href='https://evil.example'>x</a><img src='https://evil.example/x'>"


@pytest.fixture
def paths(world: World) -> list[str]:
    """Pages with a bit of everything."""
    world.account("Sandbox")
    pin = {"name": "Second", "sender_email": "b@corp.example", "host": "x", "pinned_certificate": "ab" * 32}
    world.do(lambda: configuration.save("smtp_accounts", pin))
    world.notification("Backups", [world.contact(), world.contact("Bob", email="")], types=["backup.*"])
    event = world.event(title=LONG[:400], body="one\ntwo", attributes={"host": "db1"}, source="cron")
    world.in_each_state()
    number = world.message(LONG, html=HTML, new={"recipient": "a.very.long.name@department.branch.corp.example"})
    tried = datetime.now(UTC) + timedelta(seconds=1)
    world.attempt(
        number, started_at=tried, duration_ms=87, outcome="temporary", stage="rcpt", code=450, words="Try again later"
    )
    world.move(number, state="failed", reason="refused", last_stage="rcpt", last_code=550, last_words="No such user")
    mail = world.mail(b"Subject: x\r\nContent-Type: text/html\r\n\r\n" + HTML.encode(), subject=LONG)
    return [
        *("/outbox", "/outbox?text=backup&account=Sandbox&since=x", "/outbox?text=nowhere"),
        *(f"/outbox/{number}{part}" for part in ("", "?part=text", "?part=html", "?part=headers", "?part=source")),
        *(f"/outbox/{number}/resend", "/events", f"/events/{event.id}", "/sandbox", f"/sandbox/{mail}"),
        *("/audit", "/audit/1"),
    ]


def test_axe_finds_nothing(
    app: Flask, site: str, browser_context: BrowserContext, page: Page, paths: list[str], problems: Problems
) -> None:
    enter(browser_context, app, site)
    for path in paths:
        page.goto(f"{site}{path}")
        no_barriers(page)
    # The mails try to run a script and to fetch a picture; that this was refused is what is wanted.
    assert all("about:srcdoc" in each or "/html" in each or "evil.example" in each for each in problems)
    problems.clear()


@pytest.mark.parametrize("target", ["", "target=_self", "target=_blank", "target=_top", "target=''"])
def test_a_link_in_a_mail_stays_where_it_is(
    app: Flask, site: str, browser_context: BrowserContext, page: Page, world: World, problems: Problems, target: str
) -> None:
    html = f"<h1>Hi</h1><a {target} href='https://evil.example/x'>there</a>"
    number = world.mail(b"Content-Type: text/html\r\n\r\n" + html.encode())
    enter(browser_context, app, site)
    page.goto(f"{site}/sandbox/{number}")
    mail = page.frame_locator("iframe")
    with page.expect_console_message(lambda message: "evil.example" in message.text or "frame" in message.text):
        mail.get_by_role("link").click()
    page.wait_for_timeout(100)
    expect(mail.get_by_role("heading")).to_have_text("Hi")
    assert (page.url, len(browser_context.pages)) == (f"{site}/sandbox/{number}", 1)
    problems.clear()


@pytest.mark.parametrize("width", [390, 720, 1024, 1440])
def test_no_page_is_wider_than_the_window(
    app: Flask, site: str, browser_context: BrowserContext, page: Page, paths: list[str], width: int, problems: Problems
) -> None:
    enter(browser_context, app, site)
    page.set_viewport_size({"width": width, "height": 800})
    for path in paths:
        page.goto(f"{site}{path}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    problems.clear()


def test_every_usual_column_is_in_sight(app: Flask, site: str, chromium: Browser, world: World) -> None:
    world.account("The relay of the company that sends everything of all its departments and branches")
    world.message(LONG, state="sent", new={"recipient": "a.very.long.name@department.branch.corp.example"})
    sender = "Ana Maria Braga dos Santos Oliveira <ana.maria@department.branch.corp.example>"
    came = {"server_key": "k", "size": 2000, "received_at": datetime.now(UTC) - timedelta(minutes=55)}
    world.add(InboundMessage(sender=sender, subject=LONG, state="processed", kind="other", effect="nothing", **came))
    context = chromium.new_context(locale="pt-BR", viewport={"width": 1440, "height": 800})
    try:
        enter(context, app, site)
        page = context.new_page()
        for path in ("/inbox", "/outbox"):
            page.goto(f"{site}{path}")
            assert page.locator(".report").evaluate("report => report.scrollWidth - report.clientWidth") <= 0, path
    finally:
        context.close()


def test_a_filter_replaces_the_rows_and_the_address(
    app: Flask, site: str, browser_context: BrowserContext, page: Page, world: World
) -> None:
    world.message("Backup of db1", state="sent")
    world.message("Another", state="sent")
    enter(browser_context, app, site)
    page.goto(f"{site}/outbox")
    page.evaluate("window.here = true")
    page.get_by_label("Words of the subject").fill("backup")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#report-count")).to_have_text("1")
    assert "text=backup" in page.url
    assert page.evaluate("window.here"), "the page was not loaded again"
    page.get_by_role("link", name="Remove all").click()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_rows_change_by_themselves_until_nothing_is_under_way(
    app: Flask, site: str, browser_context: BrowserContext, page: Page, world: World
) -> None:
    number = world.message("On its way")
    enter(browser_context, app, site)
    page.goto(f"{site}/outbox/{number}")
    expect(page.locator("#message")).to_have_attribute("hx-trigger", "every 3s")
    world.move(number, state="sent")
    expect(page.locator("h1 + p [data-state=sent]")).to_be_visible()
    expect(page.locator("#message")).not_to_have_attribute("hx-trigger", "every 3s")


def test_cancelling_from_the_menu_of_a_row_by_keyboard(
    app: Flask, site: str, browser_context: BrowserContext, page: Page, world: World
) -> None:
    number = world.message("Unwanted")
    enter(browser_context, app, site)
    page.goto(f"{site}/outbox")
    page.get_by_role("button", name=f"Actions for message {number}").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Cancel message {number} to p0@corp.example?")
    page.get_by_role("button", name="Cancel the message").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("is cancelled")
    expect(page).to_have_url(f"{site}/outbox")
    assert world.row(number).state == "cancelled"


def test_without_javascript(
    app: Flask, site: str, chromium: Browser, browser_context: BrowserContext, world: World
) -> None:
    number = world.message("Backup of db1", state="failed")
    world.message("Another", state="sent")
    context = chromium.new_context(java_script_enabled=False)
    try:
        enter(context, app, site)
        page = context.new_page()
        page.goto(f"{site}/outbox")
        page.get_by_text("More filters").click()
        page.get_by_label("Words of the subject").fill("backup")
        page.get_by_role("button", name="Apply filters").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_role("button", name="Columns").click()
        page.get_by_role("checkbox", name="Attempts").check()
        page.get_by_role("button", name="Show these columns").click()
        expect(page.get_by_role("columnheader", name="Attempts")).to_be_visible()
        page.get_by_role("link", name="Backup of db1").click()
        page.get_by_role("button", name="Resend", exact=True).click()
        page.get_by_role("button", name="Resend the message").click()
        expect(page.locator("#toasts")).to_contain_text("is queued")
    finally:
        context.close()
    assert world.row(number + 2).resent_from == number
