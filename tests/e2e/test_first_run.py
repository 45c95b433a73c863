"""The first two minutes of somebody who has read nothing: sign in, emit, read the mail, see its way, answer it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.instance import PASSWORD, ROOT, Instance, instance
from tests.peers.axe import no_barriers

TITLE = "The password of vault-01 was changed"


@pytest.fixture
def arauto(tmp_path: Path) -> Iterator[Instance]:
    with instance(tmp_path / "a") as made:
        made.cli("migrate")
        made.start("--sandbox")
        yield made


@pytest.mark.timeout(120)
def test_from_first_sign_in_to_the_timeline(arauto: Instance, page: Page) -> None:
    page.goto(arauto.url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    expect(page.get_by_text("No mail leaves this machine.")).to_be_visible()
    no_barriers(page)

    arauto.cli("config", "apply", str(ROOT / "docs" / "examples" / "first.yaml"))
    assert arauto.cli("emit", "password.changed", "--title", TITLE).stdout.strip() == "1"

    page.get_by_role("link", name="Sandbox mailbox").first.click()
    mail = page.get_by_role("main").get_by_role("link", name=TITLE)
    expect(mail).to_have_count(2, timeout=10_000)
    no_barriers(page)
    mail.first.click()
    shown = page.frame_locator("main iframe").first
    expect(shown.get_by_role("heading", name=TITLE)).to_be_visible()

    page.get_by_role("link", name="Its way here").click()
    timeline = page.get_by_role("main")
    expect(timeline.get_by_text("The notification Vault watch fired.")).to_be_visible()
    expect(timeline.get_by_text("Attempt 1: the server took it.")).to_be_visible()
    no_barriers(page)

    page.get_by_role("link", name="In the sandbox mailbox").click()
    page.get_by_role("link", name="Answer").click()
    page.get_by_label("Text").fill("I changed it myself.")
    no_barriers(page)
    page.get_by_role("button", name="Send the answer").click()
    expect(timeline.locator("blockquote")).to_have_text("I changed it myself.", timeout=15_000)
    no_barriers(page)

    page.goto(f"{arauto.url}/settings/inbox-accounts/1/check")
    page.get_by_role("main").get_by_role("button", name="Check now").click()
    expect(page.get_by_text("The mailbox was read")).to_be_visible(timeout=20_000)
    no_barriers(page)


@pytest.mark.timeout(120)
def test_the_outbox_updates_itself(arauto: Instance, page: Page) -> None:
    """A message that waits is seen to leave without a click."""
    page.goto(arauto.url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    arauto.token = arauto.cli("token", "create", "t").stdout.strip()
    arauto.stop()
    arauto.environ["ARAUTO_JOBS"] = "off"
    arauto.start("--sandbox")
    answer = arauto.http("POST", "/api/v1/messages", {"channel": "email", "to": "x@corp.example", "text": "Hello"})
    assert answer.status_code == 202
    arauto.cli("message", "show", str(answer.json()["id"]))
    page.goto(f"{arauto.url}/outbox")
    expect(page.locator("tbody").get_by_text("queued")).to_be_visible()
    arauto.cli("message", "cancel", str(answer.json()["id"]))
    expect(page.locator("tbody").get_by_text("cancelled")).to_be_visible(timeout=10_000)
