"""A form filled in as a browser without JavaScript does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient

from tests.visiting import Page, seen

Submit = Callable[..., Any]


def typed(form: Element) -> dict[str, Any]:
    """What a browser would send of a form as it stands."""
    values: dict[str, Any] = {}
    for field in form.iter():
        name = field.get("name")
        if not name:
            continue
        if field.tag == "textarea":
            values[name] = "".join(field.itertext())
        elif field.tag == "select":
            options = list(field.iter("option"))
            chosen = [option for option in options if "selected" in option.attrib] or options[:1]
            values[name] = [option.get("value", (option.text or "")) for option in chosen]
        elif field.tag == "input" and field.get("type") in ("checkbox", "radio"):
            if "checked" in field.attrib:
                values.setdefault(name, []).append(field.get("value", "on"))
        elif field.tag == "input" and field.get("type") not in ("submit", "file"):
            values[name] = field.get("value", "")
    return values


def main_form(page: Page) -> Element:
    """The form of the page's own content."""
    main = page.find("main")
    return next(form for form in main.iter("form") if form.get("method") == "post" and form.get("id") == "entry")


@pytest.fixture
def submit(admin_client: FlaskClient) -> Submit:
    """`submit(path, name="Ana", enabled=False)`: opens the page, changes these fields, sends its form; the answer."""

    def go(path: str, client: FlaskClient | None = None, **changes: Any) -> Any:
        browser = client or admin_client
        form = main_form(seen(browser.get(path), path))
        values = typed(form)
        for name, value in changes.items():
            if value is False:
                values.pop(name, None)
            else:
                values[name] = "y" if value is True else value
        return browser.post(form.get("action"), data=values)

    return go
