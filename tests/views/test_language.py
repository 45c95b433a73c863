"""Languages, themes and zones, with and without somebody signed in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import get_locale
from sqlalchemy.exc import OperationalError

from tests.visiting import Visit, post
from webapp.services import configuration, parameters
from webapp.views import templating


def html(visit: Visit, path: str, client: FlaskClient) -> dict[str, str]:
    return visit(path, client).find("html").attrib


def test_outside_a_request_it_is_english(ctx: Flask) -> None:
    assert str(get_locale()) == "en"


@pytest.mark.parametrize(
    ("asked", "given"),
    [("pt-BR,pt;q=0.9", "pt-BR"), ("pt", "pt-BR"), ("es-MX", "es"), ("ja", "en"), ("", "en"), ("*;q=\x7f", "en")],
)
def test_the_browser_is_asked_first(client: FlaskClient, asked: str, given: str) -> None:
    answer = client.get("/login", headers={"Accept-Language": asked})
    assert f'<html lang="{given}"' in answer.text


def test_the_choice_before_signing_in_stays_in_the_browser(client: FlaskClient, visit: Visit) -> None:
    answer = post(client, "/preferences", {"language": "es", "theme": "dark", "next": "/login"})
    assert answer.headers["Location"] == "/login"
    assert html(visit, "/login", client) == {"lang": "es", "data-theme": "dark"}


def test_the_choice_of_a_person_follows_the_person(admin_client: FlaskClient, visit: Visit) -> None:
    assert post(admin_client, "/preferences", {"language": "pt-BR", "next": "/health"}).headers["Location"] == "/health"
    with admin_client.session_transaction() as session:
        session.pop("language")
    assert html(visit, "/health", admin_client)["lang"] == "pt-BR"


@pytest.mark.parametrize("data", [{"language": "xx"}, {"theme": "loud"}, {"sidebar": "gone"}, {}])
def test_an_unknown_choice_changes_nothing(admin_client: FlaskClient, visit: Visit, data: dict[str, str]) -> None:
    assert post(admin_client, "/preferences", {**data, "next": "//evil.example"}).headers["Location"] == "/"
    assert html(visit, "/health", admin_client) == {"lang": "en", "data-theme": "auto"}
    assert "sidebar-wide" in (visit("/health", admin_client).find("body").get("class") or "")


def test_the_menu_stays_collapsed(admin_client: FlaskClient, visit: Visit) -> None:
    post(admin_client, "/preferences", {"sidebar": "narrow"})
    assert "sidebar-narrow" in (visit("/", admin_client).find("body").get("class") or "")


def test_the_profile_keeps_language_theme_and_zone(admin_client: FlaskClient, visit: Visit) -> None:
    answer = post(admin_client, "/profile", {"locale": "es", "theme": "light", "timezone": "America/Sao_Paulo"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/profile")
    page = visit("/profile", admin_client)
    assert page.find("html").attrib == {"lang": "es", "data-theme": "light"}
    assert page.find("select", id="timezone").find("option[@selected]").get("value") == "America/Sao_Paulo"


@pytest.mark.parametrize(
    "wrong", [{"locale": "xx"}, {"theme": "loud"}, {"timezone": "../../etc/passwd"}, {"timezone": ""}]
)
def test_a_refused_profile_says_where(admin_client: FlaskClient, wrong: dict[str, str]) -> None:
    answer = post(admin_client, "/profile", {"locale": "es", "theme": "light", "timezone": "UTC", **wrong})
    assert answer.status_code == 422
    assert f'href="#{next(iter(wrong))}"' in answer.text


def test_times_are_relative_and_exact_in_the_viewer_s_zone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    instant = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    monkeypatch.setattr("webapp.views.language.timezone", lambda: "UTC")
    with app.test_request_context("/"):
        monkeypatch.setattr(templating.clock, "now", lambda: datetime(2026, 3, 1, 12, 7, tzinfo=UTC))
        shown = str(templating.when(instant))
    assert ">7 minutes ago</time>" in shown
    assert 'datetime="2026-03-01T12:00:00+00:00"' in shown
    assert "Mar 1, 2026" in shown
    assert "(UTC)" in shown


def test_who_asks_for_no_language_of_ours_gets_that_of_the_house(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        configuration.save("parameters", {"language": "pt-BR"}, "parameters")
    assert 'lang="pt-BR"' in client.get("/login").text
    assert 'lang="pt-BR"' in client.get("/login", headers={"Accept-Language": "de, fr;q=0.5"}).text
    assert 'lang="es"' in client.get("/login", headers={"Accept-Language": "es"}).text


def test_words_about_a_database_that_does_not_answer_have_a_language(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*args: object) -> str:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(parameters, "language", gone)
    assert 'lang="en"' in client.get("/login").text
