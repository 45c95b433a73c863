"""axe-core, which looks for what bars people from a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


def no_barriers(page: Page) -> None:
    """Axe finds nothing on the page as it is, in either theme: they differ in their colours alone."""
    for theme, options in (("light", None), ("dark", COLOURS)):
        page.emulate_media(color_scheme="light" if theme == "light" else "dark")
        found = Axe().run(page, options=options)
        assert found.violations_count == 0, f"{page.url}, {theme}:\n{found.generate_report()}"
