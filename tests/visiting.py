"""Fixtures of the pages: clients of signed-in people, and visits that check the health of every page they see."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from webapp.models import User
from webapp.services import sessions
from webapp.services.unit import write

CONTROLS = ("input", "select", "textarea")
UNLABELLED = ("hidden", "submit", "button")


class Page:
    """A parsed page. `find` and `all` take a tag and attributes; `text` is what a person reads."""

    def __init__(self, html: str, path: str):
        self.html, self.path = html, path
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        self.root: Element = parser.parse(html)
        self.faults = [(error, *rest) for _, error, *rest in parser.errors]

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.root.iter(tag)
            if all(element.get(name) == value for name, value in wanted.items())
        ]

    def find(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert found, f"{self.path} has no <{tag}> with {attributes}"
        return found[0]

    @property
    def text(self) -> str:
        main = self.all("main") or [self.root]
        return " ".join(" ".join(main[0].itertext()).split())

    @property
    def token(self) -> str:
        return self.find("meta", name="csrf-token").get("content") or ""


def check_health(page: Page, nonce: str) -> None:
    """What must hold on every page: valid, named, labelled, safe."""
    assert not page.faults, f"{page.path} is not valid HTML: {page.faults[:3]}"
    ids = Counter(element.get("id") for element in page.root.iter() if element.get("id"))
    assert max(ids.values(), default=1) == 1, f"{page.path} has ids twice: {ids.most_common(3)}"
    title = page.find("title").text or ""
    assert title.strip(" ·").replace("Arauto", "").strip(" ·"), f"{page.path} has no title of its own"
    assert len(page.all("h1")) == 1, f"{page.path} must have one h1"
    _check_labels(page, set(ids))
    _check_forms(page)
    for script in page.all("script"):
        assert script.get("nonce") == nonce, f"{page.path} has a script without the nonce"
    for element in page.root.iter():
        unsafe = [name for name in element.attrib if name == "style" or name.startswith("on")]
        assert not unsafe, f"{page.path}: <{element.tag}> carries {unsafe}"


def _check_labels(page: Page, ids: set[Any]) -> None:
    labelled = {label.get("for") for label in page.all("label")} | {
        control.get("id") for label in page.all("label") for control in label.iter() if control.tag in CONTROLS
    }
    for element in page.root.iter():
        if element.tag in CONTROLS and element.get("type") not in UNLABELLED and not element.get("aria-hidden"):
            assert element.get("aria-label") or element.get("id") in labelled, (
                f"{page.path}: {element.get('name')} has no label"
            )
        for name in ("aria-describedby", "aria-labelledby", "for", "popovertarget"):
            for reference in (element.get(name) or "").split():
                assert reference in ids, f"{page.path}: {name} names {reference}, which is not there"
        if element.tag in ("button", "a"):
            named = "".join(element.itertext()).strip() or any(part.get("aria-label") for part in element.iter())
            assert named, f"{page.path}: a <{element.tag}> has no name"


def _check_forms(page: Page) -> None:
    for form in page.all("form"):
        assert form.get("action"), f"{page.path} has a form without an action"
        fields = {field.get("name") for field in form.iter("input")}
        posts = form.get("method") == "post"
        assert posts == ("csrf_token" in fields), f"{page.path}: the token of {form.get('action')}"


Visit = Callable[..., Page]


@pytest.fixture
def visit(request: pytest.FixtureRequest) -> Visit:
    """`visit(path)`: the parsed page as the administrator sees it, or as `client=` does; its health is checked."""

    def go(path: str, client: FlaskClient | None = None, status: int = 200) -> Page:
        answer = (client or request.getfixturevalue("admin_client")).get(path)
        assert answer.status_code == status, f"{path}: {answer.status} {answer.headers.get('Location', '')}"
        return seen(answer, path)

    return go


def seen(answer: Any, path: str) -> Page:
    """The parsed page of an answer, also of a POST; its health is checked."""
    page = Page(answer.text, path)
    check_health(page, answer.headers["Content-Security-Policy"].partition("'nonce-")[2].partition("'")[0])
    return page


def errors(page: Page) -> dict[str, str]:
    """The words beside each field by the field's name."""
    found = {}
    for slot in page.root.iter("p"):
        if slot.get("class") == "field-error" and "".join(slot.itertext()).strip():
            found[(slot.get("id") or "").removesuffix("-error")] = "".join(slot.itertext()).strip()
    return found


def make_user(name: str, role: str) -> int:
    """Somebody whose password nobody knows: making a real one takes long."""
    with write() as session:
        user = User(name=name, role=role, password_hash="!")
        session.add(user)
        session.flush()
        return user.id


def signed_in(app: Flask, role: str, name: str = "") -> FlaskClient:
    """A browser whose person has that role."""
    client = app.test_client()
    with app.app_context():
        key = sessions.start(make_user(name or role, role), "127.0.0.1")
    with client.session_transaction() as session:
        session.update(_user_id=key, _fresh=True)
    return client


@pytest.fixture
def admin_client(app: Flask) -> FlaskClient:
    """A browser that an administrator signed in with."""
    return signed_in(app, "admin")


@pytest.fixture
def operator_client(app: Flask) -> FlaskClient:
    """A browser that an operator signed in with."""
    return signed_in(app, "operator")


@pytest.fixture
def viewer_client(app: Flask) -> FlaskClient:
    """A browser that somebody signed in with who may only look."""
    return signed_in(app, "viewer")


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The address of the application, served for a real browser."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def enter(context: Any, app: Flask, site: str, role: str = "admin") -> None:
    """Sign a real browser in, by the cookie that a sign-in would leave."""
    client = signed_in(app, role, f"{role} in a browser")
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": site}])


def post(client: FlaskClient, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
    """POST as a page of this site does: with the token of the session."""
    token = Page(client.get("/login", follow_redirects=True).text, "/login").token
    return client.post(path, data={"csrf_token": token, **(data or {})}, **options)
