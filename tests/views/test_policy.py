"""Default deny: every route says who may use it, and the gate holds everybody to it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.visiting import post, seen
from webapp.errors import DatabaseBusy
from webapp.extensions import db
from webapp.models import Event
from webapp.views import policy
from webapp.views.policy import allow

PUBLIC = {"/login", "/static/<path:filename>", "/healthz", "/readyz", "/preferences"}


def test_only_these_routes_are_public(app: Flask) -> None:
    public = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if not policy.is_api(rule.rule) and app.view_functions[rule.endpoint].access == policy.PUBLIC
    }
    assert public == PUBLIC


def test_a_route_without_a_rule_stops_the_start() -> None:
    app = Flask("bare")
    app.add_url_rule("/open", view_func=lambda: "everything", endpoint="open")
    with pytest.raises(RuntimeError, match="/open"):
        policy.install(app)


@pytest.mark.parametrize(
    "path", ["/", "/health", "/profile", "/no/such/page", "/static", "/api", "/apiary", "/users/1/edit"]
)
def test_anonymous_goes_to_the_sign_in_whether_or_not_the_page_exists(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"] == ("/login" if path == "/" else f"/login?next={path}")


def test_the_way_back_keeps_the_query(client: FlaskClient) -> None:
    assert client.get("/health?a=1&b=2").headers["Location"] == "/login?next=/health?a%3D1%26b%3D2"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_anonymous_changes_nothing_by_any_method(client: FlaskClient, method: str) -> None:
    answer = client.open("/profile", method=method)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


@pytest.mark.parametrize("header", ["HX-Request", "HX-Boosted", "HX-History-Restore-Request", "HX-Target"])
def test_htmx_headers_open_nothing(client: FlaskClient, header: str) -> None:
    answer = client.get("/health", headers={header: "true", "HX-Request": "true"})
    assert answer.status_code == 303
    assert answer.text.count("<h1>") == 0 or "Health" not in answer.text


def test_a_part_asked_for_after_the_session_ended_sends_the_whole_page_to_the_sign_in(client: FlaskClient) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/health?x=1"}
    answer = client.get("/login?next=/health", headers=headers)
    assert answer.headers["HX-Redirect"] == "/login?next=/health?x%3D1"
    assert answer.text == ""


def test_the_wrong_role_is_told_so(app: Flask, viewer_client: FlaskClient, operator_client: FlaskClient) -> None:
    app.add_url_rule("/operators", view_func=allow("operator")(lambda: "come in"), endpoint="operators")
    refused = viewer_client.get("/operators")
    assert refused.status_code == 403
    assert "Your role does not include it" in seen(refused, "/operators").text
    assert operator_client.get("/operators").text == "come in"


def test_and_that_they_asked_is_told_once_an_hour(app: Flask, viewer_client: FlaskClient) -> None:
    for path in ("/audit", "/audit", "/settings/credentials/7/edit"):
        assert viewer_client.get(path).status_code == 403
    assert post(viewer_client, "/sandbox/empty").status_code == 403
    with app.app_context():
        rows = db.session.execute(select(Event.type, Event.title, Event.attributes).order_by(Event.id)).all()
    assert [row.title for row in rows] == [
        f"viewer was denied access to {path}" for path in ("/audit", "/settings/credentials/7/edit", "/sandbox/empty")
    ]
    assert {row.type for row in rows} == {"access.denied"}
    asked = {"user": "viewer", "path": "/audit", "address": "127.0.0.1", "role": "viewer", "needed": "admin"}
    assert rows[0].attributes == asked


def test_whoever_is_denied_stays_denied_while_nothing_can_be_noted(
    viewer_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: object) -> None:
        raise DatabaseBusy("locked")

    monkeypatch.setattr("webapp.services.events.write", busy)
    assert viewer_client.get("/audit").status_code == 403


def test_an_unsafe_request_needs_the_token(app: Flask, admin_client: FlaskClient) -> None:
    unsafe = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if not policy.is_api(rule.rule) and {"POST", "PUT", "DELETE"} & (rule.methods or set()) and not rule.arguments
    }
    assert {"/login", "/logout", "/profile"} <= unsafe
    for path in unsafe:
        answer = admin_client.post(path, data={"name": "x"})
        assert answer.status_code == 400, path
        assert "This page is out of date" in seen(answer, path).text


def test_what_this_site_sent_may_be_sent_again_after_a_new_sign_in(admin_client: FlaskClient) -> None:
    data = {"csrf_token": "old", "theme": "dark", "next": "/health"}
    answer = admin_client.post("/preferences", data=data, headers={"Sec-Fetch-Site": "same-origin"})
    page = seen(answer, "/preferences")
    form = page.find("form", action="/preferences", method="post")
    assert any(field.get("value") == "dark" for field in page.all("input", name="theme"))
    assert form is not None
    assert "Send it again" in page.text


@pytest.mark.parametrize(
    ("data", "site"),
    [
        ({"theme": "dark"}, "cross-site"),
        ({"theme": "dark"}, ""),
        ({"current": "x", "password": "secret"}, "same-origin"),
    ],
)
def test_nobody_else_s_request_and_no_secret_is_offered_again(
    admin_client: FlaskClient, data: dict[str, str], site: str
) -> None:
    answer = admin_client.post("/preferences", data=data, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 400
    assert "Send it again" not in answer.text
    assert "secret" not in answer.text


def test_the_header_is_as_good_as_the_field(admin_client: FlaskClient, app: Flask) -> None:
    token = seen(admin_client.get("/health"), "/health").token
    answer = admin_client.post("/preferences", data={"theme": "dark"}, headers={"X-CSRFToken": token})
    assert answer.status_code == 303


def test_signing_out_ends_the_session_on_the_server(admin_client: FlaskClient) -> None:
    with admin_client.session_transaction() as session:
        kept = dict(session)
    assert post(admin_client, "/logout").headers["Location"] == "/login"
    with admin_client.session_transaction() as session:
        session.update(kept)
    assert admin_client.get("/health").status_code == 303
