"""From the first sign-in to a sample in a colleague's mailbox, by forms alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.instance import PASSWORD, instance
from tests.peers.axe import no_barriers

TITLE = "The certificate of portal.corp.example expires in 7 days"


@pytest.mark.timeout(180)
def test_contact_group_notification_and_a_sample_in_the_mailbox(tmp_path: Path, page: Page) -> None:
    with instance(tmp_path / "a") as arauto:
        arauto.cli("migrate")
        arauto.start("--sandbox")
        page.goto(arauto.url)
        page.get_by_label("User name").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        main = page.get_by_role("main")
        main.get_by_role("button", name="Sign in").click()

        main.get_by_role("link", name="Add a contact").click()
        page.get_by_label("Name", exact=True).fill("Ana")
        main.get_by_label("E-mail").fill("ana@corp.example")
        main.get_by_role("button", name="Save").click()
        expect(main.get_by_role("heading", name="Ana", level=1)).to_be_visible()

        page.goto(f"{arauto.url}/groups/new")
        page.get_by_label("Name", exact=True).fill("Security")
        page.get_by_role("checkbox", name="Ana").check()
        main.get_by_role("button", name="Save").click()
        expect(main.get_by_role("heading", name="Security", level=1)).to_be_visible()

        page.goto(arauto.url)
        main.get_by_role("link", name="Add a notification").click()
        page.get_by_label("Name", exact=True).fill("Certificates")
        main.get_by_role("button", name="Save").click()
        page.get_by_label("Search by title").fill("certificate about")
        page.get_by_role("checkbox", name="Certificate about to expire").check()
        main.get_by_role("button", name="Save").click()
        page.get_by_role("checkbox", name="Security").check()
        main.get_by_role("button", name="Save").click()
        expect(main.get_by_text("It is disabled: nobody is told")).to_be_visible()
        main.get_by_role("button", name="Enable").click()
        expect(main.get_by_text("It is disabled: nobody is told")).to_have_count(0)
        expect(page.frame_locator("main iframe").get_by_role("heading", name=TITLE)).to_be_visible()
        no_barriers(page)

        main.get_by_role("button", name="Send a sample to Ana").click()
        expect(main.get_by_text("admin sent it as a sample: nothing happened.")).to_be_visible()
        expect(main.get_by_text("Attempt 1: the server took it.")).to_be_visible(timeout=15_000)
        page.goto(f"{arauto.url}/sandbox")
        main.get_by_role("link", name="[Sample]").click()
        shown = page.frame_locator("main iframe")
        expect(
            shown.get_by_text("This is a sample of the notification Certificates: nothing happened.")
        ).to_be_visible()
        expect(shown.get_by_role("heading", name=TITLE)).to_be_visible()
