"""What JavaScript adds to the forms of the desk, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.peers.axe import no_barriers
from tests.visiting import enter
from webapp.extensions import db
from webapp.models import SmtpAccount
from webapp.services import configuration, periodic
from webapp.services.periodic import Told
from webapp.views.inbox_accounts.routes import NOUN

LIST = "/settings/smtp-accounts"


@pytest.fixture
def desk(app, world, site, browser_context, page: Page) -> Page:
    """A tab of an administrator."""
    world.account("Relay")
    world.do(lambda: periodic.tell([Told("expire_messages", 15, "Ends messages whose time is over", "")]))
    enter(browser_context, app, site)
    page.goto(f"{site}{LIST}")
    return page


def test_a_field_is_checked_when_it_is_left(desk, site):
    desk.goto(f"{site}{LIST}/new")
    field = desk.get_by_label("Sender e-mail")
    field.fill("nobody")
    field.press("Tab")
    expect(desk.locator("#sender_email-error")).not_to_be_empty()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("a@corp.example")
    field.press("Tab")
    expect(desk.locator("#sender_email-error")).to_be_empty()
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_the_usual_port_follows_the_kind_of_security_and_a_chosen_one_stays(desk, site):
    desk.goto(f"{site}{LIST}/new")
    port, security = desk.get_by_label("Port"), desk.get_by_label("Security")
    expect(port).to_have_value("587")
    security.select_option("ssl")
    expect(port).to_have_value("465")
    desk.get_by_label("Use a safe connection").uncheck()
    expect(port).to_have_value("25")
    expect(security).to_be_hidden()
    port.fill("2525")
    desk.get_by_label("Use a safe connection").check()
    expect(port).to_have_value("2525")
    expect(security).to_be_visible()


@pytest.mark.parametrize("width", [1440, 1024])
def test_the_actions_of_a_row_are_in_sight_however_wide_the_row_is(desk, site, world, width):
    def save():
        server = {"host": "imap.department.branch.corp.example", "port": 993, "security": "ssl"}
        configuration.save("credentials", {"name": "reader", "username": "u", "secret": {"value": "s"}})
        configuration.save("inbox_accounts", {"name": "Replies to the monitoring", "credential": "reader", **server})

    world.do(save)
    desk.set_viewport_size({"width": width, "height": 800})
    desk.goto(f"{site}/settings/inbox-accounts")
    table = desk.locator(".report")
    fits = table.evaluate("report => report.scrollWidth <= report.clientWidth")
    assert fits or width < 1440, "the usual columns fit"
    for path in ("", f"?columns={'&columns='.join(NOUN.columns)}"):
        desk.goto(f"{site}/settings/inbox-accounts{path}")
        for end in ("0", "report.scrollWidth"):
            table.evaluate(f"report => {{ report.scrollLeft = {end} }}")
            button = desk.get_by_role("button", name="Actions for Replies to the monitoring")
            box, frame = button.bounding_box(), table.bounding_box()
            assert frame["x"] <= box["x"]
            assert box["x"] + box["width"] <= min(width, frame["x"] + frame["width"])
            button.click()
            expect(desk.get_by_role("link", name="Check now")).to_be_visible()
            desk.keyboard.press("Escape")


def test_what_only_imap_has_is_in_sight_while_imap_is_chosen(desk, site):
    desk.goto(f"{site}/settings/inbox-accounts/new")
    only_imap = [
        desk.get_by_label("Folder", exact=True),
        desk.get_by_label("Move to folder"),
        desk.get_by_role("button", name="List the folders"),
    ]
    for field in only_imap:
        expect(field).to_be_visible()
    desk.get_by_label("Protocol").select_option("pop3")
    for field in only_imap:
        expect(field).to_be_hidden()
    desk.get_by_label("Protocol").select_option("imap")
    for field in only_imap:
        expect(field).to_be_visible()


def test_the_credential_opens_with_the_sign_in(desk, site):
    desk.goto(f"{site}{LIST}/new")
    expect(desk.get_by_label("Credential", exact=True)).to_be_hidden()
    desk.get_by_label("The server asks for a sign-in").check()
    expect(desk.get_by_label("Credential", exact=True)).to_be_visible()


def test_who_leaves_a_changed_form_is_asked_and_who_saves_it_is_not(desk, site):
    asked = []
    desk.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    desk.goto(f"{site}{LIST}/1/edit")
    desk.get_by_label("Sender name").fill("Changed")
    desk.get_by_role("link", name="Cancel").click()
    expect(desk.get_by_role("heading", name="Relay")).to_be_visible()
    assert asked == ["beforeunload"]
    desk.get_by_role("link", name="Edit").click()
    desk.get_by_label("Sender name").fill("Changed")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Saved: Relay.")).to_be_visible()
    assert asked == ["beforeunload"]


def test_by_keyboard_alone(desk, app):
    """Open the menu of a row, walk to Clone, name it, save."""
    desk.get_by_role("button", name="Actions for Relay").focus()
    desk.keyboard.press("Enter")
    desk.get_by_role("link", name="Clone").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_label("Name", exact=True)).to_have_value("Relay (copy)")
    desk.get_by_label("Name", exact=True).press("Enter")
    expect(desk.get_by_text("Saved: Relay (copy).")).to_be_visible()
    with app.app_context():
        assert db.session.query(SmtpAccount).count() == 2


ACCOUNTS = [f"{LIST}{path}" for path in ("", "/new", "/1", "/1/edit", "/1/delete")]
PARAMETERS = ["/settings/parameters", "/settings/parameters/email"]
USERS = ["/users", "/users/new", "/users/1", "/users/1/delete"]
TOKENS = ["/tokens", "/tokens/new"]


@pytest.mark.parametrize("path", [*ACCOUNTS, *PARAMETERS, *USERS, *TOKENS, "/settings/jobs"])
def test_nothing_bars_anybody(desk, site, path):
    desk.goto(f"{site}{path}")
    no_barriers(desk)


def test_a_preview_follows_what_is_typed_and_saves_nothing(desk, site):
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.goto(f"{site}/settings/parameters/email")
    desk.get_by_label("Footer").fill("Typed and not saved")
    expect(desk.frame_locator("iframe").get_by_text("Typed and not saved")).to_be_visible()
    with desk.expect_event("dialog") as asked:
        desk.get_by_role("link", name="General").click()
    assert asked.value.type == "beforeunload"


def test_a_new_token_is_shown_and_is_gone_after_a_reload(desk, site):
    desk.goto(f"{site}/tokens/new")
    desk.get_by_label("Name").fill("vault")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Here is the token")).to_be_visible()
    assert "arauto_" not in desk.url
    desk.reload()
    expect(desk.get_by_role("heading", name="vault")).to_be_visible()
    expect(desk.get_by_text("Here is the token")).to_be_hidden()


def test_a_password_is_asked_for_when_it_is_to_be_chosen(desk, site):
    desk.goto(f"{site}/users/new")
    expect(desk.get_by_label("Password again")).to_be_hidden()
    desk.get_by_label("Choose the password yourself").check()
    desk.get_by_label("Password", exact=True).fill("four unrelated long words")
    desk.get_by_label("Password again").fill("others")
    desk.get_by_label("Password again").press("Tab")
    expect(desk.locator("#repeated-error")).to_contain_text("not the same")
