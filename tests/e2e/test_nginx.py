"""Real nginx with deploy/nginx.conf in front of `gunicorn wsgi:app`: sign-in, CSRF, and whose address it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pysqlite3 import dbapi2 as sqlite

from tests.e2e.instance import PASSWORD, Instance, instance
from tests.peers.nginx import Nginx, StartNginx


@pytest.fixture
def site(tmp_path: Path, nginx: StartNginx) -> Iterator[tuple[Instance, Nginx]]:
    with instance(tmp_path / "a", ARAUTO_TRUSTED_PROXIES="127.0.0.1/32") as arauto:
        front = nginx(arauto.port)
        arauto.environ["ARAUTO_BASE_URL"] = front.url
        arauto.prepare()
        arauto.start_gunicorn()
        yield arauto, front


def _browser(front: Nginx) -> requests.Session:
    browser = requests.Session()
    browser.trust_env = False  # else REQUESTS_CA_BUNDLE goes before `verify`
    browser.verify = str(front.ca_file)
    return browser


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, f"no field {name} in {page[:500]}"
    return found[1]


def _sign_in(browser: requests.Session, url: str, password: str, **headers: str) -> requests.Response:
    page = browser.get(f"{url}/login", timeout=10).text
    form = {"username": "admin", "password": password, "csrf_token": _field(page, "csrf_token")}
    return browser.post(f"{url}/login", data=form, headers={"Referer": f"{url}/login", **headers}, timeout=10)


def _addresses(arauto: Instance, query: str) -> list[str]:
    database = sqlite.connect(str(arauto.folder / "arauto.db"))
    try:
        return [row[0] for row in database.execute(query)]
    finally:
        database.close()


def test_sign_in_through_nginx(site: tuple[Instance, Nginx]) -> None:
    arauto, front = site
    browser = _browser(front)
    answer = _sign_in(browser, front.url, PASSWORD)
    assert (answer.status_code, answer.url) == (200, f"{front.url}/")
    [cookie] = [cookie for cookie in browser.cookies if cookie.name == "arauto"]
    assert cookie.secure
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert _addresses(arauto, "SELECT address FROM web_session") == ["127.0.0.1"]
    assert requests.get(front.plain_url, allow_redirects=False, timeout=10).status_code == 301


def test_a_form_without_its_token_is_refused(site: tuple[Instance, Nginx]) -> None:
    _, front = site
    browser = _browser(front)
    browser.get(f"{front.url}/login", timeout=10)
    form = {"username": "admin", "password": PASSWORD}
    assert browser.post(f"{front.url}/login", data=form, timeout=10).status_code == 400


def test_the_clients_address_cannot_be_forged(site: tuple[Instance, Nginx]) -> None:
    """Neither through nginx, which sets the header itself, nor past it by a client that names a forwarded address."""
    arauto, front = site
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    assert _sign_in(_browser(front), front.url, "wrong", **forged).status_code in (401, 422)
    assert _addresses(arauto, "SELECT address FROM sign_in_failure") == ["127.0.0.1"]


def test_forged_host_appears_nowhere(site: tuple[Instance, Nginx]) -> None:
    arauto, _ = site
    answer = requests.get(
        f"{arauto.url}/login", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}, timeout=10
    )
    assert "evil.example" not in answer.text
    assert "evil.example" not in str(answer.headers)
