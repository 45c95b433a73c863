"""The pages in Chromium: by keyboard, by axe, without JavaScript, and with nothing to complain about."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import factories
from tests.peers.axe import no_barriers
from tests.peers.chromium import Problems
from tests.visiting import enter
from webapp.services import people

PATHS = ("/", "/health", "/profile", "/styleguide", "/no/such/page")
PASSWORD = "correct horse battery staple"


def test_axe_finds_nothing(app: Flask, site: str, browser_context: BrowserContext, page: Page) -> None:
    with app.app_context():
        factories.make_account("Sandbox")
        factories.make_messages(3)
    page.goto(f"{site}/login")
    no_barriers(page)
    enter(browser_context, app, site)
    for path in PATHS:
        page.goto(f"{site}{path}")
        no_barriers(page)


@pytest.mark.parametrize("width", [390, 720, 1024, 1440])
def test_no_page_is_wider_than_the_window(
    app: Flask, site: str, browser_context: BrowserContext, page: Page, width: int
) -> None:
    enter(browser_context, app, site)
    page.set_viewport_size({"width": width, "height": 800})
    for path in (*PATHS, "/login"):
        page.goto(f"{site}{path}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_a_first_sign_in_by_keyboard(app: Flask, site: str, page: Page) -> None:
    with app.app_context():
        people.create("ana", PASSWORD, "admin")
    page.goto(f"{site}/health")
    page.get_by_label("User name").focus()
    page.keyboard.type("ana")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site}/health")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_menu_by_keyboard(app: Flask, site: str, browser_context: BrowserContext, page: Page) -> None:
    enter(browser_context, app, site)
    page.goto(f"{site}/health")
    page.get_by_role("button", name="Colours").focus()
    page.keyboard.press("Enter")
    menu = page.locator("#theme-menu")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.get_by_role("button", name="Colours")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    expect(menu.get_by_role("button", name="Dark")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site}/health")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_menu_opens_beside_its_button(app: Flask, site: str, browser_context: BrowserContext, page: Page) -> None:
    enter(browser_context, app, site)
    page.goto(site)
    button = page.get_by_role("button", name="Language")
    button.click()
    box, menu = button.bounding_box(), page.locator("#language-menu").bounding_box()
    assert box is not None
    assert menu is not None
    assert menu["y"] >= box["y"] + box["height"] - 1
    assert abs(menu["x"] + menu["width"] - box["x"] - box["width"]) < 2


def test_the_side_bar_is_a_drawer_on_a_telephone(
    app: Flask, site: str, browser_context: BrowserContext, page: Page
) -> None:
    enter(browser_context, app, site)
    page.goto(f"{site}/profile")
    page.get_by_role("button", name="Collapse the menu").click()
    page.set_viewport_size({"width": 390, "height": 800})
    link = page.get_by_role("link", name="Overview")
    words = link.locator("span")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Main menu").click()
    assert (words.bounding_box() or {"width": 0})["width"] > 40, "the collapsed menu is for wide screens"
    link.click()
    expect(page).to_have_url(f"{site}/")


def test_everything_works_without_javascript(app: Flask, site: str, chromium: Browser) -> None:
    with app.app_context():
        people.create("ana", PASSWORD, "admin")
    context = chromium.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{site}/profile")
    page.get_by_label("User name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Language").click()
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.locator("#theme").select_option("dark")
    page.locator("#look button.btn-primary").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".person-button").click()
    page.locator("#person-menu form button").click()
    expect(page).to_have_url(re.compile(r"/login$"))
    context.close()


def test_a_part_that_asks_again_moves_to_the_sign_in_when_the_session_has_ended(
    app: Flask, site: str, browser_context: BrowserContext, page: Page
) -> None:
    enter(browser_context, app, site)
    page.goto(f"{site}/health")
    browser_context.clear_cookies()
    page.evaluate("htmx.ajax('GET', '/health', {target: '#troubles'})")
    expect(page).to_have_url(f"{site}/login?next=/health")


def test_what_went_wrong_in_the_background_is_said(
    app: Flask, site: str, browser_context: BrowserContext, page: Page, problems: Problems
) -> None:
    enter(browser_context, app, site)
    page.goto(f"{site}/health")
    page.evaluate("htmx.ajax('GET', '/no/such/part', {target: '#troubles'}).catch(() => {})")
    expect(page.locator(".toast-note")).to_contain_text("There is no such page")
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".toast-note")).to_have_count(0)
    assert len(problems) == 1, "htmx says it on the console too"
    problems.clear()


def test_a_toast_after_saving(app: Flask, site: str, browser_context: BrowserContext, page: Page) -> None:
    enter(browser_context, app, site)
    page.goto(f"{site}/profile")
    page.get_by_role("button", name="Save preferences").click()
    expect(page.get_by_role("status")).to_contain_text("Your preferences are saved.")


def test_a_refused_form_is_read_out_first_and_leads_to_the_field(
    app: Flask, site: str, browser_context: BrowserContext, page: Page
) -> None:
    enter(browser_context, app, site)
    page.goto(f"{site}/profile")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.locator("#error-summary a").first.click()
    expect(page.get_by_label("Present password")).to_be_focused()
