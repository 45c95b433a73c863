"""The headers of every answer."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.visiting import Visit
from webapp.views import hygiene
from webapp.views.policy import public

PATHS = ["/", "/login", "/health", "/profile", "/nope", "/healthz", "/styleguide"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_unsafe_and_nothing_framed(admin_client: FlaskClient, path: str) -> None:
    headers = admin_client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    for part in ("default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"):
        assert part in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert {"HX-Request", "Cookie"} <= set(headers["Vary"].split(", "))


def test_every_answer_has_its_own_nonce(admin_client: FlaskClient) -> None:
    nonces = {re.search(r"'nonce-([^']+)'", admin_client.get("/").headers["Content-Security-Policy"]) for _ in range(2)}
    assert len({match[1] for match in nonces if match}) == 2


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient) -> None:
    cookie = client.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_static_file_is_kept_for_ever_under_the_hash_of_its_content(visit: Visit, client: FlaskClient) -> None:
    sheet = next(link.get("href") for link in visit("/").all("link") if "app.css" in (link.get("href") or ""))
    assert re.fullmatch(r"/static/app\.css\?v=[0-9a-f]{12}", sheet or "")
    for path, kept in (
        (sheet, "public, max-age=31536000, immutable"),
        ("/static/app.css", "no-cache"),
        ("/static/absent.css", "no-store"),
    ):
        with client.get(path) as answer:
            assert answer.headers["Cache-Control"] == kept


def test_a_static_file_sets_no_cookie_and_asks_no_database(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.services.sessions.find", lambda key: pytest.fail("asked who is there"))
    with client.get("/static/app.js") as answer:
        assert "Set-Cookie" not in answer.headers


def test_a_mail_s_html_does_nothing(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/login/mail", "mail", public(lambda: hygiene.mail("<p>Hello</p>")))
    headers = client.get("/login/mail").headers
    assert headers["Content-Security-Policy"].endswith("frame-ancestors 'self'; sandbox")
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>x", "{}<p>x"),
        ("\n<!DOCTYPE html>\n<html>", "\n<!DOCTYPE html>\n{}<html>"),
        (
            "<?xml version='1.0'?><!doctype html PUBLIC '-//W3C'><p>",
            "<?xml version='1.0'?><!doctype html PUBLIC '-//W3C'>{}<p>",
        ),
        ("<!--[if mso]><p>", "{}<!--[if mso]><p>"),
        ("<!doctype", "{}<!doctype"),
        ("<a Target = '_SELF' href=x>", "{}<a Target = '_blank' href=x>"),
    ],
)
def test_a_mail_s_links_ask_for_a_window_that_the_frame_may_not_open(app: Flask, html: str, shown: str) -> None:
    with app.test_request_context():
        assert hygiene.mail(html).get_data(as_text=True) == shown.format('<base target="_blank">')


def test_no_page_takes_an_address_from_the_host_header(admin_client: FlaskClient) -> None:
    answer = admin_client.get("/", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in answer.text
    assert "evil.example" not in admin_client.get("/outbox/", headers={"Host": "evil.example"}).headers.get(
        "Location", ""
    )
