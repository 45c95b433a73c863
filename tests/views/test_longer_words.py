"""Portuguese and Spanish need more room than English: no page gets wider than a telephone for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser
from werkzeug.routing import Rule

from tests.peers.chromium import Problems
from tests.services.configuration.conftest import FULL
from tests.views.conftest import World
from tests.visiting import enter
from webapp.services import configuration

NO_PAGES = ("/api", "/static", "/healthz", "/readyz")
NOT_HTML = (".csv", ".eml", "/html")


@pytest.fixture
def paths(app: Flask, world: World) -> list[str]:
    """Every page that there is, of the first row of its kind."""
    world.do(lambda: configuration.apply(FULL))
    world.event(title="The backup of db1.corp.example failed", source="cron", attributes={"host": "db1"})
    world.in_each_state()
    world.trouble(1, kind="unreachable", stage="connect", words="No connection to mail port 25: Connection refused.")
    world.mail()
    with app.test_request_context():
        return list(dict.fromkeys(_pages(app)))


def _pages(app: Flask) -> Iterator[str]:
    adapter = app.url_map.bind("arauto.test")
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.rule.startswith(NO_PAGES) and not rule.rule.endswith(NOT_HTML):
            yield adapter.build(rule.endpoint, _first(rule))


def _first(rule: Rule) -> dict[str, Any]:
    """The number 1, or the first of the words that a place in the address takes."""
    items = {name: getattr(converter, "items", None) for name, converter in rule._converters.items()}
    return {name: sorted(words)[0] if words else 1 for name, words in items.items()}


@pytest.mark.parametrize("language", ["pt-BR", "es"])
def test_no_page_is_wider_than_a_telephone(
    app: Flask, site: str, chromium: Browser, paths: list[str], language: str, problems: Problems
) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 800}, locale=language, reduced_motion="reduce")
    problems.watch(context)
    enter(context, app, site)
    page = context.new_page()
    for path in paths:
        answer = page.goto(f"{site}{path}")
        assert answer is not None
        if answer.status == 404:
            continue
        assert (path, answer.status) == (path, 200)
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    assert not problems
    context.close()
