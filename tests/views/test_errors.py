"""Every failure is answered in words, as a page or as a part of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from tests.visiting import Page, Visit, seen
from webapp.errors import Conflict, DatabaseBusy, NotFound
from webapp.views.policy import allow


def failing(app: Flask, fail: Callable[[], object]) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/fails", "fails", allow("viewer")(fail))


def raising(error: Exception) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail


@pytest.mark.parametrize("code", [400, 403, 404, 405, 409, 413, 418, 422, 429, 500, 502, 503])
def test_a_page_and_a_fragment_for_each(app: Flask, admin_client: FlaskClient, code: int) -> None:
    failing(app, lambda: abort(code) if code != 418 else ("teapot", 418))
    if code == 418:
        assert admin_client.get("/fails").text == "teapot"
        return
    page = seen(admin_client.get("/fails"), "/fails")
    assert page.text.startswith(str(code))
    assert page.find("p", data_error_words="") is not None
    fragment = admin_client.get("/fails", headers={"HX-Request": "true"})
    assert fragment.status_code == code
    assert "<html" not in fragment.text
    assert Page(f"<!doctype html><title>x</title>{fragment.text}", "part").find("p", data_error_words="") is not None


def test_what_a_service_says_reaches_the_person(app: Flask, admin_client: FlaskClient) -> None:
    app.add_url_rule("/gone", "gone", allow("viewer")(raising(NotFound("There is no message 7."))))
    app.add_url_rule("/late", "late", allow("viewer")(raising(Conflict("Message 7 has left already."))))
    for path, code, words in (("/gone", 404, "There is no message 7."), ("/late", 409, "Message 7 has left already.")):
        answer = admin_client.get(path)
        assert answer.status_code == code
        assert words in seen(answer, path).text


@pytest.mark.parametrize("error", [DatabaseBusy("locked"), OperationalError("SELECT 1", {}, Exception("gone"))])
def test_a_busy_database_asks_to_come_back(app: Flask, admin_client: FlaskClient, error: Exception) -> None:
    failing(app, raising(error))
    answer = admin_client.get("/fails")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Nothing was changed" in seen(answer, "/fails").text


def test_a_database_that_is_gone_still_gets_a_page(
    app: Flask, admin_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = OperationalError("SELECT", {}, Exception("gone"))
    monkeypatch.setattr("webapp.services.sessions.find", raising_with(gone))
    monkeypatch.setattr("webapp.queries.health.troubles", raising_with(gone))
    answer = admin_client.get("/health")
    assert answer.status_code == 503
    assert "The database is busy" in seen(answer, "/health").text


def raising_with(error: Exception) -> Callable[..., object]:
    def fail(*args: object, **named: object) -> object:
        raise error

    return fail


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_says_nothing_about_itself(
    app: Flask, admin_client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    failing(app, raising(RuntimeError("secret detail")))
    answer = admin_client.get("/fails")
    assert answer.status_code == 500
    assert "Something broke on our side" in seen(answer, "/fails").text
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text


def test_an_unknown_page_keeps_the_menu(visit: Visit) -> None:
    page = visit("/no/such/page", status=404)
    assert "There is no such page" in page.text
    assert page.find("nav", id="sidebar") is not None


def test_a_wrong_method_says_which_are_right(admin_client: FlaskClient) -> None:
    answer = admin_client.put("/health")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_an_error_of_the_api_is_left_to_the_api(client: FlaskClient) -> None:
    assert "<html lang" not in client.get("/api/v1/none").text
