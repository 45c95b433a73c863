"""What an administrator does with an account in a real browser: tested when all is well and when it is not, made the
default, refused to go while it is used. In each theme nothing bars anybody.
"""

from __future__ import annotations

import pytest
import trustme
from playwright.sync_api import Page, expect

from tests.channels.conftest import server_tls
from tests.peers.axe import no_barriers
from tests.peers.smtp_aiosmtpd import AiosmtpdServer
from tests.visiting import enter
from webapp.services import configuration

LIST = "/settings/smtp-accounts"


@pytest.fixture
def desk(app, site, browser_context, page: Page) -> Page:
    """A tab of an administrator."""
    enter(browser_context, app, site)
    return page


def try_out(desk: Page, site: str, number: int) -> None:
    """Send test mail by the menu of the account's row."""
    desk.goto(f"{site}{LIST}")
    desk.get_by_role("button", name="Actions for Relay").click()
    desk.get_by_role("link", name="Send test mail").click()
    desk.get_by_label("Recipient").fill("ana@corp.example")
    desk.get_by_role("button", name="Send test mail").click()


def test_all_is_well_over_tls(desk, site, world):
    certificate = trustme.CA().issue_cert("127.0.0.1")
    with AiosmtpdServer(tls=server_tls(certificate)) as server:
        number = world.account(port=server.port, secure=True, ignore_certificate_errors=True)
        try_out(desk, site, number)
        expect(desk.get_by_text("The server took the mail")).to_be_visible()
    dialogue = desk.locator("#dialogue")
    expect(dialogue).to_contain_text("TLSv1.3")
    expect(dialogue).to_contain_text("trustme")
    no_barriers(desk)
    desk.get_by_role("link", name="Open message").click()
    expect(desk.get_by_role("heading", name="Test mail from Arauto")).to_be_visible()


def test_a_wrong_password(desk, site, world):
    secret = {"value": "wrong-canary"}
    with AiosmtpdServer(users={"app": "right"}) as server:
        number = world.account(port=server.port)
        world.do(lambda: configuration.save("credentials", {"name": "relay", "username": "app", "secret": secret}))
        wanted = {"authenticate": True, "credential": "relay"}
        world.do(lambda: configuration.save("smtp_accounts", wanted, number))
        try_out(desk, site, number)
        expect(desk.get_by_text("Check the user name and the secret")).to_be_visible()
    assert "wrong-canary" not in desk.content()
    no_barriers(desk)


def test_a_certificate_of_nobody_known_is_looked_at_and_trusted(desk, site, world):
    certificate = trustme.CA().issue_cert("127.0.0.1")
    with AiosmtpdServer(tls=server_tls(certificate)) as server:
        number = world.account(port=server.port, secure=True)
        try_out(desk, site, number)
        expect(desk.get_by_text("is not trusted").first).to_be_visible()
        no_barriers(desk)
        desk.get_by_role("link", name="Trust this certificate").click()
        assert not world.do(lambda: configuration.get("smtp_accounts", number).entry["pinned_certificate"])
        desk.get_by_role("button", name="Save and send test mail").click()
        desk.get_by_label("Recipient").fill("ana@corp.example")
        desk.get_by_role("button", name="Send test mail").click()
        expect(desk.get_by_text("The server took the mail")).to_be_visible()
    assert world.do(lambda: configuration.get("smtp_accounts", number).entry["pinned_certificate"])


def test_an_unknown_host(desk, site, world):
    try_out(desk, site, world.account(host="nosuch.invalid"))
    expect(desk.get_by_text("No connection to nosuch.invalid").first).to_be_visible()
    expect(desk.get_by_text("Check the account's host and port")).to_be_visible()
    no_barriers(desk)


def test_the_default_moves(desk, site, world):
    world.account("Relay")
    second = world.account("Second", is_default=False)
    desk.goto(f"{site}{LIST}")
    desk.get_by_role("button", name="Actions for Second").click()
    desk.get_by_role("button", name="Make default").click()
    expect(desk.get_by_text("The default account is now Second.")).to_be_visible()
    assert world.do(lambda: configuration.get("smtp_accounts", second).entry["default"])


def test_what_is_used_goes_only_with_a_successor(desk, site, world):
    number = world.account("Relay")
    world.account("Second", is_default=False, fallback_id=number)
    desk.goto(f"{site}{LIST}/{number}/delete")
    expect(desk.get_by_text("It is in use:")).to_be_visible()
    no_barriers(desk)
    desk.get_by_label("Successor").select_option("Second")
    desk.get_by_role("button", name="Delete", exact=True).click()
    expect(desk.get_by_text("Deleted: Relay.")).to_be_visible()
    expect(desk.get_by_role("link", name="Second", exact=True)).to_be_visible()
