"""The system's Chromium, driven by Playwright."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, sync_playwright

from tests.peers import peer_missing, program

# The first is the same browser without what only a window needs: it starts and draws in two thirds of the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",  # root has no user namespaces in containers
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


class Problems(list[str]):
    """What the browser complained about: script errors, broken content rules, requests to elsewhere.

    A test that provokes one on purpose clears the list.
    """

    def watch(self, context: BrowserContext) -> None:
        context.on("weberror", lambda error: self.append(f"script error: {error.error}"))
        context.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        # A 4xx answer is also logged as an error; whether it was right is the test's business.
        if message.type == "error" and not message.text.startswith("Failed to load resource: the server responded"):
            self.append(f"console: {message.text}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser per test module, not per session: no other test can use asyncio while Playwright runs."""
    executable = next(filter(None, map(program, NAMES)), None)
    with sync_playwright() as playwright:
        bundled = Path(playwright.chromium.executable_path)
        if executable is None and not bundled.exists():
            peer_missing("Chromium", "install the package chromium-headless-shell or chromium")
        try:
            browser = playwright.chromium.launch(executable_path=executable or bundled, args=list(ARGUMENTS))
        except Error as error:
            pytest.fail(f"Chromium does not start: {error}")
        yield browser
        browser.close()


@pytest.fixture
def problems() -> Problems:
    """What `page` noticed so far."""
    return Problems()


@pytest.fixture
def browser_context(chromium: Browser, problems: Problems) -> Iterator[BrowserContext]:
    """A fresh profile: no cookies, English, 1440 x 900. Accepts the certificates that tests make.

    Nothing moves: a colour that is measured while it fades from one theme to the other is the colour of neither.
    """
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900},
        locale="en",
        timezone_id="UTC",
        ignore_https_errors=True,
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    problems.watch(context)
    yield context
    context.close()


@pytest.fixture
def page(browser_context: BrowserContext, problems: Problems) -> Iterator[Page]:
    """A blank tab. The test fails when the browser had anything to complain about."""
    yield browser_context.new_page()
    assert not problems, f"The browser complained: {problems}"
